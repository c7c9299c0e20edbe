// Asking for weights before they are needed. Whether that helps is a matter of the processor, not
// of the cell: the hardware's prefetchers of AMD's follow a stream better alone, those of Intel's
// begin anew with every page of 4 KiB (docs/performance.md).
#pragma once

#include <xmmintrin.h>

#include <cstdint>

namespace nety::kernels {

/// How far ahead of a stream of weights to ask for them, in bytes; 0: not at all. For the processor
/// that this runs on.
extern const int64_t kFetchAhead;

/// Asks for what lies kFetchAhead after the `bytes` bytes at w, by lines of 64.
inline __attribute__((always_inline)) void fetch(const void* w, int64_t bytes) {
  if (kFetchAhead == 0) return;
  const char* const at = static_cast<const char*>(w) + kFetchAhead;
  for (int64_t i = 0; i < bytes; i += 64) _mm_prefetch(at + i, _MM_HINT_T0);
}

}  // namespace nety::kernels
