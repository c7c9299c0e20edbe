// q8_0 blocks to panel rows; the scale by F16C.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include <cstring>

#include "core/kernels/vector_avx2.h"

namespace nety::kernels {

NETY_AVX2 bool unpack_blocks_q8_0_avx2(const std::byte* row, int64_t cols, const BlockRows& out,
                                       int64_t r, int64_t blocks) {
  for (int64_t b = 0; b < cols / 32; ++b, row += 34) {
    uint16_t scale;
    std::memcpy(&scale, row, 2);
    out.scales[r * blocks + b] = _cvtsh_ss(scale);
    const __m256i codes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + 2));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.codes + (r * blocks + b) * 32), codes);
  }
  return false;
}

}  // namespace nety::kernels
#endif
