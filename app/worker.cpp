// nety worker: the hidden other end of bench, and of diag where something may crash.
#include <iostream>

#include "app/command.h"
#include "bench/worker_main.h"
#include "core/base/error.h"
#include "diag/bitsandbytes_library.h"
#include "diag/trial_worker.h"

namespace nety::app {
namespace {

class Worker final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("KIND", kind_, "bench, or trial: one mode at a time, for nety diag");
    arguments.text("--bitsandbytes", library_, "Call this library of bitsandbytes and compare");
  }
  int run(const Context&) override {
    if (!library_.empty()) return diag::check_bitsandbytes_library(library_, std::cout);
    if (kind_ == "trial") return diag::worker_main();
    if (kind_ == "bench") return bench::worker_main();
    throw Error(ErrorKind::kUsage, "worker: unknown kind '" + kind_ + "'", "Kinds: bench, trial.");
  }

 private:
  std::string kind_ = "bench", library_;
};

}  // namespace

std::unique_ptr<Command> make_worker() { return std::make_unique<Worker>(); }

}  // namespace nety::app
