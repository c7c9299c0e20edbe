// nety worker: the hidden other end of bench.
#include "app/command.h"
#include "bench/worker_main.h"

namespace nety::app {
namespace {

class Worker final : public Command {
 public:
  void declare(Arguments&) override {}
  int run(const Context&) override { return bench::worker_main(); }
};

}  // namespace

std::unique_ptr<Command> make_worker() { return std::make_unique<Worker>(); }

}  // namespace nety::app
