// Weights to nf4, fp4 and LLM.int8() codes with AVX-512: precision::four_bit_quantise() on whole
// blocks of 64, and each row through fp16, scaled by its largest magnitude.
#if defined(__x86_64__)
#include <cstring>

#include "core/kernels/stored_rows.h"
#include "core/kernels/vector_avx512.h"
#include "core/precision/fp4.h"
#include "core/precision/nf4.h"

namespace nety::kernels {
namespace {

struct BookVectors {
  __m512 midpoints;  // ascending, infinity at the end
  __m512i order;     // codes by ascending value

  NETY_AVX512 static inline BookVectors of(const precision::FourBitBook& book) {
    float midpoints[16];
    int32_t order[16];
    for (int i = 0; i < 16; ++i) {
      midpoints[i] = i < 15 ? book.midpoints[static_cast<size_t>(i)] : __builtin_inff();
      order[i] = book.order[static_cast<size_t>(i)];
    }
    return {_mm512_loadu_ps(midpoints), _mm512_loadu_si512(order)};
  }
};

// Codes of 16 scaled values, one per dword: how many midpoints are below, by bisection.
NETY_AVX512 inline __m512i codes_of(__m512 v, const BookVectors& book) {
  __m512i below = _mm512_setzero_si512();
  for (const int step : {8, 4, 2, 1}) {
    const __m512i probe = _mm512_add_epi32(below, _mm512_set1_epi32(step - 1));
    const __mmask16 above =
        _mm512_cmp_ps_mask(v, _mm512_permutexvar_ps(probe, book.midpoints), _CMP_GT_OQ);
    below = _mm512_mask_add_epi32(below, above, below, _mm512_set1_epi32(step));
  }
  return _mm512_permutexvar_epi32(below, book.order);
}

NETY_AVX512 inline bool quantise_four_bit(const precision::FourBitBook& book, const float* w,
                                          int64_t rows, int64_t cols, std::byte* codes,
                                          float* scales) {
  const int64_t count = rows * cols;
  if (count % 64 != 0) return false;
  const BookVectors vectors = BookVectors::of(book);
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  for (int64_t at = 0; at < count; at += 64) {
    __m512 v[4];
    __m512i top = _mm512_setzero_si512();  // magnitudes of floats order as integers do
    for (int i = 0; i < 4; ++i) {
      v[i] = _mm512_loadu_ps(w + at + 16 * i);
      top = _mm512_max_epu32(top, _mm512_and_si512(_mm512_castps_si512(v[i]), magnitude));
    }
    const uint32_t bits = _mm512_reduce_max_epu32(top);
    if (bits >= 0x7f800000U) return false;
    float absmax;
    std::memcpy(&absmax, &bits, sizeof(absmax));
    scales[at / 64] = absmax;
    const __m512 inverse = _mm512_set1_ps(1.0F / (absmax > 1e-38F ? absmax : 1e-38F));
    for (int i = 0; i < 4; ++i) {
      const __m128i bytes = _mm512_cvtepi32_epi8(codes_of(_mm512_mul_ps(v[i], inverse), vectors));
      const __m128i pairs = _mm_maddubs_epi16(bytes, _mm_set1_epi16(0x0110));  // 16 first + second
      _mm_storel_epi64(reinterpret_cast<__m128i*>(codes + (at + 16 * i) / 2),
                       _mm_packus_epi16(pairs, pairs));
    }
  }
  return true;
}

}  // namespace

NETY_AVX512 bool quantise_weights_nf4_avx512(const float* w, int64_t rows, int64_t cols,
                                             std::byte* codes, float* scales) {
  return quantise_four_bit(precision::kNf4Book, w, rows, cols, codes, scales);
}

NETY_AVX512 bool quantise_weights_fp4_avx512(const float* w, int64_t rows, int64_t cols,
                                             std::byte* codes, float* scales) {
  return quantise_four_bit(precision::kFp4Book, w, rows, cols, codes, scales);
}

namespace {

constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

NETY_AVX512 inline __m512 halves(const float* w, int64_t left) {
  return _mm512_cvtph_ps(_mm512_cvtps_ph(_mm512_maskz_loadu_ps(first_lanes(left), w), kNearest));
}

}  // namespace

NETY_AVX512 bool quantise_weights_int8_avx512(const float* w, int64_t rows, int64_t cols,
                                              std::byte* codes, float* scales) {
  for (int64_t r = 0; r < rows; ++r, w += cols, codes += cols) {
    __m512 top = _mm512_setzero_ps();
    __mmask16 bad = 0;
    for (int64_t k = 0; k < cols; k += 16) {
      const __m512 h = _mm512_abs_ps(halves(w + k, cols - k));
      bad |= _mm512_cmp_ps_mask(h, _mm512_set1_ps(__builtin_inff()), _CMP_NLT_UQ);
      top = _mm512_max_ps(top, h);
    }
    if (bad != 0) return false;
    const float scale = _mm512_reduce_max_ps(top);
    scales[r] = scale;
    const __m512 inverse = _mm512_set1_ps(scale > 0 ? (1.0F / scale) * 127.0F : 0.0F);
    for (int64_t k = 0; k < cols; k += 16) {
      const __m512i code = _mm512_cvtps_epi32(_mm512_mul_ps(halves(w + k, cols - k), inverse));
      _mm512_mask_cvtepi32_storeu_epi8(codes + k, first_lanes(cols - k), code);
    }
  }
  return true;
}

}  // namespace nety::kernels
#endif
