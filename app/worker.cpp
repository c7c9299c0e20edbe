// nety worker: the hidden other end of bench, and of diag where a library may crash.
#include <iostream>

#include "app/command.h"
#include "bench/worker_main.h"
#include "diag/bitsandbytes_library.h"

namespace nety::app {
namespace {

class Worker final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("--bitsandbytes", library_, "Call this library of bitsandbytes and compare");
  }
  int run(const Context&) override {
    return library_.empty() ? bench::worker_main()
                            : diag::check_bitsandbytes_library(library_, std::cout);
  }

 private:
  std::string library_;
};

}  // namespace

std::unique_ptr<Command> make_worker() { return std::make_unique<Worker>(); }

}  // namespace nety::app
