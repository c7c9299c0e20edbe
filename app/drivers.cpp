// nety drivers: the hidden process in which diag asks a GPU driver library.
#include <cstdio>

#include "app/command.h"
#include "core/machine/gpu_drivers.h"
#include "core/measure/gpu_drivers.h"

namespace nety::app {
namespace {

class Drivers final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("LIBRARY", library_, "nvml or cuda; without it both, in this process");
  }
  int run(const Context&) override {
    if (!library_.empty()) return measure::answer_for_gpu_driver(library_);
    for (const char* name : machine::kDriverNames)
      machine::question_gpu_driver(name, [](const std::string& line) { std::puts(line.c_str()); });
    return 0;
  }

 private:
  std::string library_;
};

}  // namespace

std::unique_ptr<Command> make_drivers() { return std::make_unique<Drivers>(); }

}  // namespace nety::app
