// q4_0 blocks to panel rows: low nibbles first, less 8.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include <cstring>

#include "core/kernels/vector_avx2.h"

namespace nety::kernels {

NETY_AVX2 bool unpack_blocks_q4_0_avx2(const std::byte* row, int64_t cols, const BlockRows& out,
                                       int64_t r, int64_t blocks) {
  const __m256i low = _mm256_set1_epi8(15);
  for (int64_t b = 0; b < cols / 32; ++b, row += 18) {
    uint16_t scale;
    std::memcpy(&scale, row, 2);
    out.scales[r * blocks + b] = _cvtsh_ss(scale);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2));
    const __m256i both = _mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes);
    const __m256i nibbles = _mm256_and_si256(both, low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.codes + (r * blocks + b) * 32),
                        _mm256_sub_epi8(nibbles, _mm256_set1_epi8(8)));
  }
  return false;
}

}  // namespace nety::kernels
#endif
