// Asking for memory: first whether it is there, then for it.
#include "core/backends/cuda/device.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/base/units.h"

namespace nety::cuda {
namespace {

constexpr const char* kRoomHint =
    "Choose a narrower --mode or a smaller --ctx, end what else uses this GPU, or use --device "
    "cpu.";

Error no_room(const Device& device, uint64_t bytes, std::string_view what,
              const DeviceMemory& memory) {
  return {ErrorKind::kMemory,
          fmt::format("{} needs {} on {} ({}), where {} of {} are free", what, format_bytes(bytes),
                      device.name(), device.title(), format_bytes(memory.free_bytes),
                      format_bytes(memory.total_bytes)),
          kRoomHint};
}

}  // namespace

int64_t row_bytes(Format format, int64_t cols) {
  switch (format) {
    case Format::kFp32:
      return 4 * cols;
    case Format::kBf16:
    case Format::kFp16:
      return 2 * cols;
    case Format::kInt8:
      return cols;
    default:
      return cols / 2;
  }
}

Buffer Device::allocate(uint64_t bytes, std::string_view what) {
  const DeviceMemory memory = this->memory();
  if (bytes > memory.free_bytes) throw no_room(*this, bytes, what, memory);
  Buffer buffer = try_allocate(bytes > 0 ? bytes : 1);
  if (buffer.as<void>() == nullptr) throw no_room(*this, bytes, what, memory);
  buffer.count_in(allocated_);
  return buffer;
}

}  // namespace nety::cuda
