// Lines between a benchmark and its workers, which may be anybody's program.
#include <cstdlib>

#include "bench/protocol.h"
#include "core/base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nety::bench;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  try {
    const std::string once = to_line(parse_reply(line));
    if (to_line(parse_reply(once)) != once) std::abort();
  } catch (const nety::Error&) {
  }
  try {
    const std::string once = to_line(parse_command(line));
    if (to_line(parse_command(once)) != once) std::abort();
  } catch (const nety::Error&) {
  }
  return 0;
}
