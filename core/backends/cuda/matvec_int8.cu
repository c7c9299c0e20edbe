// LLM.int8() for a few tokens: integer products by fours (dp4a), and the outliers' in fp32.
#include "core/backends/cuda/matvec.cuh"

namespace nety::cuda {
namespace {

constexpr int kRows = 4;
constexpr int kWeights = 16;  // in 16 bytes

/// What outliers add to the warp's rows, for token m: every lane has the sums.
__device__ __forceinline__ void add_outliers(const MatvecArgs& a, const WarpRows& at, int m,
                                             float (&sum)[kRows]) {
  const int count = a.rows.outlier_counts[m];
  const int32_t* columns = a.rows.outliers + m * a.rows.pitch;
  const float* x = a.x + static_cast<int64_t>(m) * a.segments[0].w.cols;
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    const Matrix& w = matrix_of(a, at, i, kRows);
    const int64_t row = row_of(a, at, i, kRows);
    const auto* codes = static_cast<const int8_t*>(w.codes) + row * w.pitch;
    float exact = 0.0F;
    for (int j = at.lane; j < count; j += kWarp) {
      const int k = columns[j];
      exact += x[k] * ((static_cast<float>(codes[k]) * w.scales[row]) * (1.0F / 127.0F));
    }
    sum[i] = warp_sum(exact);
  }
}

template <int tokens>
__global__ void __launch_bounds__(kMatvecThreads)
    matvec_int8_kernel(const __grid_constant__ MatvecArgs a) {
  constexpr int kTile = kTileBytes / tokens, kChunks = kTile / kWeights;
  NETY_DYNAMIC_SHARED(Vec16, xs);  // [tokens][kChunks]
  NETY_SHARED(int32_t, sums, kMatvecWarps * kRows * tokens);
  NETY_SHARED(float, exacts, kMatvecWarps* kRows* tokens);

  const WarpRows at = rows_of_warp(a, kRows);
  const bool working = at.segment >= 0;
  const int chunks = static_cast<int>(pieces(a.segments[0].w.cols, kWeights));
  const int step = kWarp * a.split;
  const uint8_t* codes[kRows] = {};
  if (working)
    for (int i = 0; i < kRows; ++i) {
      const Matrix& w = matrix_of(a, at, i, kRows);
      codes[i] = static_cast<const uint8_t*>(w.codes) + row_of(a, at, i, kRows) * w.pitch;
    }
  Vec16 next[kRows] = {};
  const auto read_ahead = [&](int chunk) {
#pragma unroll
    for (int i = 0; i < kRows; ++i)
      next[i] = load_once(codes[i] + static_cast<int64_t>(chunk) * 16);
  };

  int32_t sum[kRows][tokens] = {};
  int chunk = at.part * kWarp + at.lane;
  if (working && chunk < chunks) read_ahead(chunk);
  begin_after_the_last();
  for (int begin = 0; begin < chunks; begin += kChunks) {
    if (begin > 0) __syncthreads();
    const int width = chunks - begin < kChunks ? chunks - begin : kChunks;
    for (int m = 0; m < tokens; ++m)
      for (int i = static_cast<int>(threadIdx.x); i < width; i += kMatvecThreads) {
        const auto* row = reinterpret_cast<const Vec16*>(a.rows.codes + m * a.rows.pitch);
        xs[m * kChunks + i] = m < a.tokens ? row[begin + i] : Vec16{};
      }
    __syncthreads();
    const int end = working ? begin + width : 0;
    for (; chunk < end; chunk += step) {
      Vec16 now[kRows];
#pragma unroll
      for (int i = 0; i < kRows; ++i) now[i] = next[i];
      if (chunk + step < chunks) read_ahead(chunk + step);
#pragma unroll
      for (int m = 0; m < tokens; ++m) {
        const Vec16 x = xs[m * kChunks + chunk - begin];
#pragma unroll
        for (int i = 0; i < kRows; ++i)
#pragma unroll
          for (int q = 0; q < 4; ++q)
            sum[i][m] = __dp4a(static_cast<int32_t>(now[i].word[q]),
                               static_cast<int32_t>(x.word[q]), sum[i][m]);
      }
    }
  }

#pragma unroll
  for (int m = 0; m < tokens; ++m) {
    float exact[kRows] = {};
    if (working && at.part == 0 && m < a.tokens && a.rows.outlier_counts[m] > 0)
      add_outliers(a, at, m, exact);
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const int32_t total = warp_sum(sum[i][m]);
      if (at.lane == 0) {
        sums[(at.warp * kRows + i) * tokens + m] = total;
        exacts[(at.warp * kRows + i) * tokens + m] = exact[i];
      }
    }
  }
  __syncthreads();
  if (!working || at.part != 0) return;
  const int outputs = outputs_of(a.epilogue, kRows);
  const auto value_of = [&](int i, int m) {
    int32_t total = 0;
    for (int part = 0; part < a.split; ++part)
      total += sums[((at.warp + part) * kRows + i) * tokens + m];
    const float scale = matrix_of(a, at, i, kRows).scales[row_of(a, at, i, kRows)];
    return static_cast<float>(total) * (a.rows.scales[m] * scale) * (1.0F / 16129.0F) +
           exacts[(at.warp * kRows + i) * tokens + m];
  };
  for (int o = at.lane; o < outputs * tokens; o += kWarp) {
    const int i = o / tokens, m = o % tokens;
    if (m >= a.tokens) continue;
    store_output(a, at, i, m, value_of(i, m), outputs < kRows ? value_of(i + outputs, m) : 0.0F);
  }
}

template <int tokens>
void launch(Stream stream, const MatvecArgs& a) {
  NETY_LAUNCH((matvec_int8_kernel<tokens>),
              dim3(static_cast<unsigned>(pieces(row_groups(a, kRows), kMatvecWarps / a.split))),
              dim3(kMatvecThreads), kTileBytes, stream, a);
}

}  // namespace

void matvec_int8(Stream stream, const MatvecArgs& args) {
  if (args.tokens == 1) return launch<1>(stream, args);
  if (args.tokens == 2) return launch<2>(stream, args);
  if (args.tokens <= 4) return launch<4>(stream, args);
  launch<kMatvecTokens>(stream, args);
}

}  // namespace nety::cuda
