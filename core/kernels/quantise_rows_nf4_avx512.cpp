// Weights to nf4, in whole blocks of 64.
#include "core/kernels/kernels.h"

#if defined(__x86_64__)
#include "core/kernels/quantise_rows_avx512.h"
#include "core/precision/nf4.h"

namespace nety::kernels {

NETY_AVX512 bool quantise_rows_nf4_avx512(const float* w, int64_t rows, int64_t cols,
                                          std::byte* codes, float* scales) {
  return quantise_four_bit(precision::kNf4Book, w, rows, cols, codes, scales);
}

}  // namespace nety::kernels
#endif
