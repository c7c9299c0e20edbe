// mmap behind RAII.
#include "core/base/anonymous_memory.h"

#include <fmt/core.h>
#include <sys/mman.h>

#include "core/base/error.h"
#include "core/base/units.h"

namespace nety {

AnonymousMemory::AnonymousMemory(size_t size) {
  if (size == 0) return;
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED)
    throw Error(ErrorKind::kMemory,
                fmt::format("the system refuses {} of memory", format_bytes(size)),
                "Use a smaller context (--ctx), a narrower mode (--mode), or free some memory.");
  data_ = address;
  size_ = size;
  if (size >= size_t{2} << 20) ::madvise(address, size, MADV_HUGEPAGE);
}

AnonymousMemory::~AnonymousMemory() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace nety
