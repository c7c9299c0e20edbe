// y = W x for a few tokens at once, float and 4-bit weights: the kernel that decides the decode
// speed. It is limited by memory bandwidth, so each weight is read once: 16 bytes a lane, by
// neighbouring lanes, and the next loads are issued before the last are multiplied.
//
// A warp has a few rows, so that activations read from shared memory serve all of them. Shared
// memory holds activations by pieces of four columns, [piece of a chunk][chunk], because lanes read
// the same piece of neighbouring chunks: that way they meet in no bank.
#include "core/backends/cuda/matvec.cuh"

namespace nety::cuda {
namespace {

/// Weights in 16 bytes, and rows per warp: more rows where unpacking leaves less to read at once.
template <Format format>
struct Layout;
template <>
struct Layout<Format::kFp32> {
  static constexpr int kWeights = 4, kRows = 2;
};
template <>
struct Layout<Format::kBf16> {
  static constexpr int kWeights = 8, kRows = 2;
};
template <>
struct Layout<Format::kFp16> : Layout<Format::kBf16> {};
template <>
struct Layout<Format::kFourBit> {
  static constexpr int kWeights = 32, kRows = 4;
};
template <>
struct Layout<Format::kFourBitBf16> : Layout<Format::kFourBit> {};

template <Format format>
constexpr bool kIsFourBit = format == Format::kFourBit || format == Format::kFourBitBf16;
template <Format format>
constexpr bool kRoundsActivations = format == Format::kBf16 || format == Format::kFourBitBf16;

/// Weights 4 piece to 4 piece + 3 of a chunk, without their scale. `book` is this lane's column of
/// the table: 16 values, kWarp apart, all in the lane's own bank.
template <Format format>
__device__ __forceinline__ void unpack(const Vec16& chunk, int piece, const float* book,
                                       float (&w)[4]) {
  if constexpr (format == Format::kFp32) {
    for (int e = 0; e < 4; ++e) w[e] = __uint_as_float(chunk.word[e]);
  } else if constexpr (kIsFourBit<format>) {
    // Two bytes; the high nibble comes first.
    const uint32_t bits = chunk.word[piece / 2] >> (16 * (piece % 2));
    w[0] = book[((bits >> 4) & 15U) * kWarp];
    w[1] = book[(bits & 15U) * kWarp];
    w[2] = book[((bits >> 12) & 15U) * kWarp];
    w[3] = book[((bits >> 8) & 15U) * kWarp];
  } else {
    for (int pair = 0; pair < 2; ++pair) {
      const uint32_t word = chunk.word[2 * piece + pair];
      if constexpr (format == Format::kBf16) {
        w[2 * pair] = __uint_as_float(word << 16);
        w[2 * pair + 1] = __uint_as_float(word & 0xffff0000U);
      } else {
        w[2 * pair] = float_from_fp16_bits(word & 0xffffU);
        w[2 * pair + 1] = float_from_fp16_bits(word >> 16);
      }
    }
  }
}

/// Columns [first, first + tile) of x into shared memory: [tokens][pieces][pitch]. `inverse` is
/// 1 / rms of each token, where x is normalised.
template <Format format, int tokens, int tile, int pitch>
__device__ __forceinline__ void stage(const MatvecArgs& a, int first, const float* inverse,
                                      Float4* xs) {
  constexpr int kWeights = Layout<format>::kWeights, kPieces = kWeights / 4;
  const int cols = a.segments[0].w.cols;
  const int padded = static_cast<int>(pieces(cols, kWeights)) * kWeights;
  const int width = padded - first < tile ? padded - first : tile;
  for (int m = 0; m < tokens; ++m)
    for (int i = 4 * static_cast<int>(threadIdx.x); i < width; i += 4 * kMatvecThreads) {
      Float4 four{};
      if (m < a.tokens) four = four_of(a.x + static_cast<int64_t>(m) * cols, first + i, cols);
      if (a.norm != nullptr && m < a.tokens) {
        const Float4 weights = four_of(a.norm, first + i, cols);
        for (int e = 0; e < 4; ++e) four.value[e] = weights.value[e] * (four.value[e] * inverse[m]);
      }
      if constexpr (kRoundsActivations<format>) {
        round_to_bf16(four.value[0], four.value[1]);
        round_to_bf16(four.value[2], four.value[3]);
      }
      const int chunk = i / kWeights, piece = i % kWeights / 4;
      xs[(m * kPieces + piece) * pitch + chunk] = four;
    }
}

// Blocks a multiprocessor, as registers allow: left to itself ptxas wants more, and spills for
// them.
template <Format format, int tokens>
constexpr int kResident = kIsFourBit<format>&& tokens > 2 ? 1 : 2;

template <Format format, int tokens>
__global__ void __launch_bounds__(kMatvecThreads, kResident<format, tokens>)
    matvec_kernel(const __grid_constant__ MatvecArgs a) {
  constexpr int kRows = Layout<format>::kRows, kWeights = Layout<format>::kWeights;
  constexpr int kPieces = kWeights / 4;
  constexpr int kTile = kTileBytes / static_cast<int>(sizeof(float)) / tokens;
  constexpr int kChunks = kTile / kWeights, kPitch = kChunks + 1;
  NETY_DYNAMIC_SHARED(Float4, xs);
  NETY_SHARED(float, sums, kMatvecWarps* kRows* tokens);
  NETY_SHARED(float, table, kIsFourBit<format> ? 16 * kWarp : 1);
  NETY_SHARED(float, inverse, tokens);

  const WarpRows at = rows_of_warp(a, kRows);
  const bool working = at.segment >= 0;
  const int chunks = static_cast<int>(pieces(a.segments[0].w.cols, kWeights));
  const int step = kWarp * a.split;
  if constexpr (kIsFourBit<format>)
    for (int i = static_cast<int>(threadIdx.x); i < 16 * kWarp; i += kMatvecThreads)
      table[i] = a.segments[0].w.book[i / kWarp];

  const uint8_t* codes[kRows] = {};
  int64_t first_weight[kRows] = {};
  if (working)
    for (int i = 0; i < kRows; ++i) {
      const Matrix& w = matrix_of(a, at, i, kRows);
      const int64_t row = row_of(a, at, i, kRows);
      codes[i] = static_cast<const uint8_t*>(w.codes) + row * w.pitch;
      first_weight[i] = row * w.cols;
    }
  Vec16 next[kRows] = {};
  float next_scale[kRows] = {};
  const auto read_ahead = [&](int chunk) {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      next[i] = load_once(codes[i] + static_cast<int64_t>(chunk) * 16);
      if constexpr (kIsFourBit<format>) {
        const Matrix& w = matrix_of(a, at, i, kRows);
        next_scale[i] = absmax_of(w, (first_weight[i] + chunk * kWeights) >> w.block_shift);
      }
    }
  };

  float sum[kRows][tokens] = {};
  int chunk = at.part * kWarp + at.lane;
  if (working && chunk < chunks) read_ahead(chunk);
  begin_after_the_last();
  if (a.norm != nullptr) inverse_rms(a, sums, inverse);
  for (int begin = 0; begin < chunks; begin += kChunks) {
    if (begin > 0) __syncthreads();
    stage<format, tokens, kTile, kPitch>(a, begin * kWeights, inverse, xs);
    __syncthreads();
    const int end = !working ? 0 : chunks < begin + kChunks ? chunks : begin + kChunks;
    for (; chunk < end; chunk += step) {
      Vec16 now[kRows];
      float scale[kRows];
#pragma unroll
      for (int i = 0; i < kRows; ++i) now[i] = next[i], scale[i] = next_scale[i];
      if (chunk + step < chunks) read_ahead(chunk + step);
      float part[kRows][tokens] = {};
#pragma unroll
      for (int piece = 0; piece < kPieces; ++piece) {
        Float4 x[tokens];
#pragma unroll
        for (int m = 0; m < tokens; ++m) x[m] = xs[(m * kPieces + piece) * kPitch + chunk - begin];
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
          float w[4];
          unpack<format>(now[i], piece, table + at.lane, w);
          if constexpr (format == Format::kFourBitBf16) {
            for (int e = 0; e < 4; ++e) w[e] *= scale[i];
            round_to_bf16(w[0], w[1]);
            round_to_bf16(w[2], w[3]);
          }
#pragma unroll
          for (int m = 0; m < tokens; ++m)
#pragma unroll
            for (int e = 0; e < 4; ++e) part[i][m] = fmaf(w[e], x[m].value[e], part[i][m]);
        }
      }
#pragma unroll
      for (int i = 0; i < kRows; ++i)
#pragma unroll
        for (int m = 0; m < tokens; ++m)
          sum[i][m] += format == Format::kFourBit ? scale[i] * part[i][m] : part[i][m];
    }
  }

#pragma unroll
  for (int i = 0; i < kRows; ++i)
#pragma unroll
    for (int m = 0; m < tokens; ++m) {
      const float total = warp_sum(sum[i][m]);
      if (at.lane == 0) sums[(at.warp * kRows + i) * tokens + m] = total;
    }
  __syncthreads();
  if (!working || at.part != 0) return;
  const int outputs = outputs_of(a.epilogue, kRows);
  for (int o = at.lane; o < outputs * tokens; o += kWarp) {
    const int i = o / tokens, m = o % tokens;
    float first = 0.0F, second = 0.0F;
    for (int part = 0; part < a.split; ++part) {
      const float* of_warp = sums + (at.warp + part) * kRows * tokens;
      first += of_warp[i * tokens + m];
      if (outputs < kRows) second += of_warp[(i + outputs) * tokens + m];
    }
    store_output(a, at, i, m, first, second);
  }
}

template <Format format, int tokens>
void launch(Stream stream, const MatvecArgs& a) {
  constexpr int kWeights = Layout<format>::kWeights, kPieces = kWeights / 4;
  constexpr int kChunks = kTileBytes / static_cast<int>(sizeof(float)) / tokens / kWeights;
  const int64_t groups = row_groups(a, Layout<format>::kRows);
  const auto blocks = static_cast<unsigned>(pieces(groups, kMatvecWarps / a.split));
  constexpr int kBytes = tokens * kPieces * (kChunks + 1) * static_cast<int>(sizeof(Float4));
  NETY_LAUNCH((matvec_kernel<format, tokens>), dim3(blocks), dim3(kMatvecThreads), kBytes, stream,
              a);
}

template <Format format>
void launch(Stream stream, const MatvecArgs& a) {
  if (a.tokens == 1) return launch<format, 1>(stream, a);
  if (a.tokens == 2) return launch<format, 2>(stream, a);
  if (a.tokens <= 4) return launch<format, 4>(stream, a);
  launch<format, kMatvecTokens>(stream, a);
}

}  // namespace

void matvec_int8(Stream stream, const MatvecArgs& args);  // matvec_int8.cu

int32_t matvec_rows_per_warp(Format format) {
  if (format == Format::kInt8) return 4;
  return format == Format::kFourBit || format == Format::kFourBitBf16
             ? Layout<Format::kFourBit>::kRows
             : Layout<Format::kFp32>::kRows;
}

void matvec(Stream stream, const MatvecArgs& args) {
  switch (args.segments[0].w.format) {
    case Format::kFp32:
      return launch<Format::kFp32>(stream, args);
    case Format::kBf16:
      return launch<Format::kBf16>(stream, args);
    case Format::kFp16:
      return launch<Format::kFp16>(stream, args);
    case Format::kInt8:
      return matvec_int8(stream, args);
    case Format::kFourBit:
      return launch<Format::kFourBit>(stream, args);
    case Format::kFourBitBf16:
      return launch<Format::kFourBitBf16>(stream, args);
  }
}

}  // namespace nety::cuda
