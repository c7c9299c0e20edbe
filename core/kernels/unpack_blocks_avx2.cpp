// Blocks of 32 weights to int8 codes, scales by F16C; nibbles: the low ones first.
#if defined(__x86_64__)
#include <cstring>

#include "core/kernels/panels.h"
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

NETY_AVX2 bool unpack_blocks_q4_1_avx2(const std::byte* row, int64_t cols, const BlockRows& out,
                                       int64_t r, int64_t blocks) {
  const __m256i low = _mm256_set1_epi8(15);
  for (int64_t b = 0; b < cols / 32; ++b, row += 20) {
    uint16_t scale_and_min[2];
    std::memcpy(scale_and_min, row, 4);
    out.scales[r * blocks + b] = _cvtsh_ss(scale_and_min[0]);
    out.mins[r * blocks + b] = _cvtsh_ss(scale_and_min[1]);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 4));
    const __m256i both = _mm256_set_m128i(_mm_srli_epi16(bytes, 4), bytes);
    const __m256i nibbles = _mm256_and_si256(both, low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.codes + (r * blocks + b) * 32), nibbles);
  }
  return true;
}

}  // namespace nety::kernels
#endif
