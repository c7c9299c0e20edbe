// The kernels as the host sees them: plain arguments and one launching function each. They are
// compiled by nvcc into the plugin, and by g++ with tests/cuda/simt.h into the tests.
//
// Activations are fp32, row-major [tokens, width] without gaps. T tokens, N rows and K columns of a
// matrix, H query heads and G key/value heads of width d.
#pragma once

#include <cstdint>

namespace nety::cuda {

/// A cudaStream_t, or nothing where kernels are emulated.
using Stream = void*;

/// The format of a matrix on the device, which also decides what its products round. Rows start at
/// multiples of 16 bytes and are padded with zeros.
enum class Format : int32_t {
  kFp32,
  kBf16,         ///< Activations are rounded to bf16, too.
  kFp16,         ///< Activations stay fp32.
  kInt8,         ///< LLM.int8(): activations as Int8Rows.
  kFourBit,      ///< nf4 and fp4; activations stay fp32.
  kFourBitBf16,  ///< The same with both sides of products rounded to bf16 (--compute bf16).
};

/// A weight matrix [N, K] on the device; owns nothing.
struct Matrix {
  Format format;
  int32_t rows, cols;
  int64_t pitch;      ///< Bytes from one row to the next.
  const void* codes;  ///< As precision/ defines them, with padded rows.
  /// int8: SCB [N]. 4-bit: absmax of each block of the flattened matrix, or nested absmax.
  const float* scales;
  const float* book;            ///< 4-bit: values of the codes [16].
  const uint8_t* nested_codes;  ///< 4-bit: null without double quantization.
  const float* nested_map;      ///< [256]
  float nested_offset;
  int32_t block_shift, nested_shift;  ///< Logarithms of weights per block, codes per nested block.
};

/// Activations as LLM.int8() sees them (core/precision/activation.h), on the device.
struct Int8Rows {
  int8_t* codes;            ///< [T, pitch]: 0 for outliers and padding.
  int64_t pitch;            ///< K rounded up to 16.
  float* scales;            ///< SCA [T]
  int32_t* outliers;        ///< [T, pitch]: columns, ascending.
  int32_t* outlier_counts;  ///< [T]
};

/// The most tokens that matvec() takes; more go through gemm().
inline constexpr int32_t kMatvecTokens = 8;

/// What is done with a product y = W x + b.
enum class Epilogue : int32_t {
  kStore,
  kAdd,   ///< Added to what y holds.
  kSilu,  ///< Two segments: y of the first = silu(first) * second.
};

/// One of the matrices that are multiplied with the same activations.
struct Segment {
  Matrix w;
  const float* bias;  ///< [N] or null
  float* y;           ///< [T, N]
};

/// All segments have one format and one K.
struct MatvecArgs {
  Segment segments[3];
  int32_t segment_count;
  int32_t tokens;  ///< 1 to kMatvecTokens.
  const float* x;  ///< [T, K]
  Int8Rows rows;   ///< int8 only: x quantised.
  /// Not null: x is normalised first, as by rms_norm() with these weights [K]. Not for int8.
  const float* norm;
  float eps;
  Epilogue epilogue;
  int32_t split;  ///< Warps that share a row: 1, 2, 4 or 8.
};
void matvec(Stream stream, const MatvecArgs& args);
/// Rows that one warp multiplies, for choosing MatvecArgs::split.
int32_t matvec_rows_per_warp(Format format);

/// y [T, N] = x W^T (+ what y holds) for fp32, bf16 and fp16 panels: where there is no cuBLAS.
struct GemmArgs {
  Matrix w;
  const float* x;  ///< [T, K]
  float* y;        ///< [T, y_stride], of which N columns from y on are written.
  int64_t y_stride;
  int32_t tokens;
  bool add;
};
void gemm(Stream stream, const GemmArgs& args);

/// The same in LLM.int8(), outliers included.
struct GemmInt8Args {
  Matrix w;
  const float* x;
  Int8Rows rows;
  float* y;  ///< [T, N]
  int32_t tokens;
  bool add;
};
void gemm_int8(Stream stream, const GemmInt8Args& args);

/// Finishes an LLM.int8() product after cuBLAS has computed its integer sums: scales and outliers.
struct FinishInt8Args {
  const int32_t* sums;  ///< [T, N]
  Matrix w;
  const float* x;  ///< [T, K]
  Int8Rows rows;
  float* y;  ///< [T, N]
  int32_t tokens;
  bool add;
};
void finish_int8(Stream stream, const FinishInt8Args& args);

/// Rows [first, first + count) of a 4-bit matrix as a panel: fp32, or bf16 for kFourBitBf16.
struct DequantiseArgs {
  Matrix w;
  int32_t first, count;
  void* panel;  ///< [count, K], row pitch as `pitch`.
  int64_t pitch;
};
void dequantise(Stream stream, const DequantiseArgs& args);

/// x [T, D] = the tokens' rows of the table, any format.
struct EmbedArgs {
  Matrix table;
  const int32_t* tokens;  ///< [T], each below the table's rows.
  int32_t count;
  float* x;
  float scale = 1;  ///< Of every value.
};
void embed(Stream stream, const EmbedArgs& args);

/// y [T, D] = x / rms(x) * w (Zhang and Sennrich 2019).
struct NormArgs {
  const float* x;       ///< [., D]
  const float* w;       ///< [D]
  const int32_t* rows;  ///< Which rows of x [T], or null for the first T.
  float* y;
  int32_t count, dim;
  float eps;
};
void rms_norm(Stream stream, const NormArgs& args);

/// y [T, D] = (x - mean) / deviation * w + b (Ba et al. 2016); `bias` null: 0.
struct LayerNormArgs {
  NormArgs norm;
  const float* bias;  ///< [D]
};
void layer_norm(Stream stream, const LayerNormArgs& args);

/// x [T, D] += scale * y, with y normalised as by rms_norm() first where `w` is not null.
struct AddArgs {
  float* x;
  const float* y;
  const float* w;
  int32_t count, dim;
  float eps, scale;
};
void add_scaled(Stream stream, const AddArgs& args);

/// x [T, K] to codes, scales and outliers, as precision::quantise_row does with its threshold.
struct QuantiseArgs {
  const float* x;
  int32_t count, cols;
  Int8Rows out;
  /// Not null: x is normalised first, as by rms_norm() with these weights [K], and kept.
  const float* norm = nullptr;
  float eps = 0;
  float* normalised = nullptr;  ///< [T, K]
};
void quantise_rows(Stream stream, const QuantiseArgs& args);

/// The elementwise steps after gemm(): h = silu(h) * u, or y = y + bias. [T, width]
struct SiluArgs {
  float* h;
  const float* u;
  int64_t count;  ///< T * width
};
void silu_multiply(Stream stream, const SiluArgs& args);
/// h = gelu(h) * u by tanh, or gelu(h) where u is null.
void gelu_multiply(Stream stream, const SiluArgs& args);
/// h = g sigmoid(1.702 g) (u + 1) with g = h, at most `limit`, and u between -limit and limit.
struct ClampedSiluArgs {
  SiluArgs pair;
  float limit;
};
void clamped_silu_multiply(Stream stream, const ClampedSiluArgs& args);
/// x = cap tanh(scale x / cap); `cap` 0: scale x.
struct CapArgs {
  float* x;
  int64_t count;
  float scale, cap;
};
void scale_and_cap(Stream stream, const CapArgs& args);
/// x [T, width] times the factor of each row.
struct RowScaleArgs {
  float* x;
  const float* factors;  ///< [T]
  int32_t count, width;
};
void scale_rows(Stream stream, const RowScaleArgs& args);
/// y [T, width] = the rows of x that are named.
struct GatherArgs {
  const float* x;
  const int32_t* rows;  ///< [T]
  float* y;
  int32_t count, width;
};
void gather_rows(Stream stream, const GatherArgs& args);
/// The rows of x that are named, each once, += factor * row of y [T, width].
struct ScatterArgs {
  float* x;
  const int32_t* rows;   ///< [T]
  const float* factors;  ///< [T]
  const float* y;
  int32_t count, width;
};
void add_to_rows(Stream stream, const ScatterArgs& args);
struct BiasArgs {
  float* y;
  const float* bias;  ///< [width]
  int32_t count, width;
};
void add_bias(Stream stream, const BiasArgs& args);

/// x [T, K] rounded to 16-bit floats for cuBLAS, rows padded with zeros to `pitch` elements. fp16
/// takes two parts, x = high + low, which keep almost all of fp32's precision.
struct NarrowArgs {
  const float* x;
  int32_t count, cols;
  int64_t pitch;
  uint16_t* high;
  uint16_t* low;  ///< fp16: not null; bf16: null.
};
void narrow(Stream stream, const NarrowArgs& args);

/// The cached keys and values of one layer: [sequences, G, context, padded_dim], fp32 or bf16.
struct CacheLayer {
  void* keys;
  void* values;
  int64_t sequence_stride, head_stride;  ///< In elements.
  int32_t padded_dim;                    ///< d rounded up to 8; the padding is zero.
  bool bf16;
};

/// Which positions a step's tokens have. On the device.
struct StepRows {
  const int32_t* positions;  ///< [T]
  const int32_t* sequences;  ///< [T]
  const float* cosines;      ///< [T, d/2]
  const float* sines;        ///< [T, d/2]
};

/// Rotates q in place; writes rotated k, and v, into the cache.
struct RopeArgs {
  float* q;        ///< [T, H, d]
  const float* k;  ///< [T, G, d]
  const float* v;  ///< [T, G, d]
  StepRows step;
  CacheLayer cache;
  int32_t tokens, heads, kv_heads, head_dim;
  bool interleaved;     ///< Pairs (2i, 2i+1), else (i, i + rotated/2).
  int32_t rotated = 0;  ///< Dimensions that are turned, the first ones; 0: all. Angles are 0
                        ///< past them.
};
void rope_append(Stream stream, const RopeArgs& args);

/// Rows (tokens times heads of one group) that one block of attention handles together.
inline constexpr int32_t kAttentionRows = 8;
inline constexpr int32_t kMostHeadDim = 256;

/// a = softmax(q K^T / sqrt d) V over positions up to each token's own, the last `window` of them.
struct AttentionArgs {
  const float* q;  ///< [T, H, d]
  float* a;        ///< [T, H, d]
  StepRows step;
  CacheLayer cache;
  int32_t tokens, heads, kv_heads, head_dim;
  int32_t window;            ///< 0: none
  int32_t tokens_per_block;  ///< Above 1 only if consecutive tokens are of one sequence.
  int32_t splits;            ///< Parts of the positions, one block each; the last block joins them.
  float* partials;           ///< [T, H, splits, d + 2] if splits > 1
  int32_t* arrivals;         ///< [T H] if splits > 1: zeros, before and after.
  /// Not null, for one token: its k and v [G, d], which are rotated and written into the cache
  /// first, and q is rotated, as by rope_append().
  const float* fresh_k;
  const float* fresh_v;
  bool interleaved;
  int32_t rotated = 0;  ///< As in RopeArgs.
  float scale = 0;      ///< Of scores; 0: 1 / sqrt d.
  float cap = 0;        ///< c: scores become c tanh(s / c); 0: as they are.
  /// [H]: one more score of each head, of a value that is zero; null: none.
  const float* sinks = nullptr;
};
void attention(Stream stream, const AttentionArgs& args);

/// Reads memory at full speed. The sums keep the compiler from removing the reads.
struct ReadArgs {
  const void* data;
  int64_t pieces;  ///< Of 16 bytes.
  int32_t passes;
  int32_t blocks;
  uint32_t* sums;  ///< [read_sums(blocks)]: of the words that a thread read, modulo 2^32.
};
void read_memory(Stream stream, const ReadArgs& args);
int32_t read_sums(int32_t blocks);

}  // namespace nety::cuda
