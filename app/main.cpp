// The one place where errors end: a message of what is wrong and, under it, what to do.
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "app/cli.h"
#include "app/console.h"
#include "core/base/error.h"

namespace {

/// What std::thread throws where memory, address space or processes are limited.
bool is_out_of_resources(const std::exception& error) {
  const auto* system = dynamic_cast<const std::system_error*>(&error);
  return system != nullptr && (system->code() == std::errc::resource_unavailable_try_again ||
                               system->code() == std::errc::not_enough_memory);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace nety;
  try {
    app::install_signal_handlers();
    const app::Invocation invocation = app::parse(argc, argv);
    if (invocation.command == nullptr) return 0;
    return invocation.command->run(invocation.context);
  } catch (const Error& error) {
    app::print_error(error);
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    app::print_error(
        Error(ErrorKind::kMemory, "out of memory",
              "Use a narrower mode (--mode), a smaller context (--ctx), or nety fit MODEL."));
    return exit_code(ErrorKind::kMemory);
  } catch (const std::exception& error) {
    if (is_out_of_resources(error)) {
      app::print_error(Error(ErrorKind::kMemory,
                             std::string("the system refused a thread: ") + error.what(),
                             "Use fewer --threads, or raise the limits (ulimit -v, ulimit -u)."));
      return exit_code(ErrorKind::kMemory);
    }
    app::print_error(Error(ErrorKind::kInternal, std::string("internal error: ") + error.what(),
                           "This is a bug in nety; please report it with the command line."));
    return exit_code(ErrorKind::kInternal);
  }
}
