// madvise works on whole pages: prefetching may round outwards, releasing must round inwards, for
// the rest of a page may belong to a neighbour that is in use.
#include "core/base/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace nety {
namespace {

void advise(uintptr_t begin, uintptr_t end, int advice) {
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1
#endif
constexpr uintptr_t kHugePage = uintptr_t{2} << 20;

uintptr_t page_bytes() { return static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

void prefetch_pages(std::span<const std::byte> bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  advise(begin / page_bytes() * page_bytes(), begin + bytes.size(), MADV_WILLNEED);
}

void release_pages(std::span<const std::byte> bytes) {
  const uintptr_t page = page_bytes();
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  advise((begin + page - 1) / page * page, (begin + bytes.size()) / page * page, MADV_DONTNEED);
}

void gather_pages(std::span<const std::byte> bytes) {
  const auto first = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t begin = (first + kHugePage - 1) / kHugePage * kHugePage;
  const uintptr_t end = (first + bytes.size()) / kHugePage * kHugePage;
  advise(begin, end, MADV_HUGEPAGE);
  advise(begin, end, MADV_COLLAPSE);
}

}  // namespace nety
