// Stands for libbitsandbytes_cpu.so. NETY_FAULT: 0 right, 1 scales taken per row as in 0.50.2 on
// AVX-512, 2 crashes, 3 has no nf4.
#include <cstdint>
#include <cstdlib>

#include "core/precision/codebooks.h"

namespace {

void dequantise(const std::array<float, 16>& book, const uint8_t* codes, const float* absmax,
                float* out, long long block, long long rows, long long columns) {
  if (NETY_FAULT == 2) std::abort();
  for (long long i = 0; i < rows * columns; ++i) {
    long long at = i;
    if (NETY_FAULT == 1 && columns % 16 == 0)
      at = i / columns * columns + i % columns / block * block;
    const int code = i % 2 == 0 ? codes[i / 2] >> 4 : codes[i / 2] & 15;
    out[i] = book[static_cast<size_t>(code)] * absmax[at / block];
  }
}

}  // namespace

extern "C" {
#if NETY_FAULT != 3
void cdequantize_blockwise_cpu_nf4_fp32(const uint8_t* codes, const float* absmax, float* out,
                                        long long block, long long rows, long long columns) {
  dequantise(nety::precision::kNf4, codes, absmax, out, block, rows, columns);
}
#endif
void cdequantize_blockwise_cpu_fp32(const float* values, const uint8_t* codes, const float* absmax,
                                    float* out, long long block, long long count) {
  for (long long i = 0; i < count; ++i) out[i] = values[codes[i]] * absmax[i / block];
}
void cdequantize_blockwise_cpu_fp4_fp32(const uint8_t* codes, const float* absmax, float* out,
                                        long long block, long long rows, long long columns) {
  dequantise(nety::precision::kFp4, codes, absmax, out, block, rows, columns);
}
}
