// nety kernels: becomes nety-kernels, the Google Benchmark program beside this one, flags and all.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/command.h"
#include "core/base/error.h"
#include "core/measure/worker.h"

namespace nety::app {
namespace {

class Kernels final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.pass_through(); }

  int run(const Context& context) override {
    const auto program =
        std::filesystem::path(measure::own_program()).parent_path() / "nety-kernels";
    // The flags are Google Benchmark's: everything after the command's own word.
    auto word = std::find(context.command.begin(), context.command.end(), "kernels");
    if (word != context.command.end()) ++word;
    std::vector<std::string> words = {program.string()};
    words.insert(words.end(), word, context.command.end());
    std::vector<char*> argv;
    for (std::string& one : words) argv.push_back(one.data());
    argv.push_back(nullptr);
    ::execv(program.c_str(), argv.data());
    throw Error(ErrorKind::kEnvironment,
                fmt::format("{}: cannot be started: {}", program.string(), std::strerror(errno)),
                "It is built with Google Benchmark: ./nety kernels offers to install that "
                "(libbenchmark-dev) and builds it beside nety.");
  }
};

}  // namespace

std::unique_ptr<Command> make_kernels() { return std::make_unique<Kernels>(); }

}  // namespace nety::app
