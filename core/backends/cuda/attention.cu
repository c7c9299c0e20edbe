// Rotation, the cache, and attention with grouped queries (Ainslie et al. 2023) by the online
// softmax of Milakov and Gimelshein (2018): keys and values are read once for all rows of a block.
#include "core/backends/cuda/portable.cuh"

namespace nety::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kWarps = kThreads / kWarp;
constexpr int kPositions = 64;   // positions at a time
constexpr int kLanesPerKey = 8;  // lanes that read one key together
constexpr int kKeys = kThreads / kLanesPerKey;
constexpr int kRows = kAttentionRows;
constexpr int kDimsPerThread = kMostHeadDim / kThreads;
constexpr float kNothing = -1e30F;  // below every score, and exp() of differences stays a number

__device__ __forceinline__ void put(void* list, int64_t at, float value, bool bf16) {
  if (bf16)
    static_cast<uint16_t*>(list)[at] = static_cast<uint16_t>(bf16_bits(value));
  else
    static_cast<float*>(list)[at] = value;
}

// A block per token; a thread per pair of dimensions of a head.
__global__ void __launch_bounds__(kThreads) rope_kernel(const __grid_constant__ RopeArgs a) {
  const int64_t t = blockIdx.x;
  const int half = a.head_dim / 2, padded_half = a.cache.padded_dim / 2;
  const int64_t position = a.step.positions[t], sequence = a.step.sequences[t];
  const float* cosines = a.step.cosines + t * half;
  const float* sines = a.step.sines + t * half;
  for (int i = static_cast<int>(threadIdx.x); i < a.heads * half; i += kThreads) {
    const int pair = i % half;
    float* head = a.q + (t * a.heads + i / half) * a.head_dim;
    const int first = a.interleaved ? 2 * pair : pair;
    const int second = a.interleaved ? first + 1 : pair + half;
    const float x = head[first], y = head[second];
    head[first] = x * cosines[pair] - y * sines[pair];
    head[second] = y * cosines[pair] + x * sines[pair];
  }
  for (int i = static_cast<int>(threadIdx.x); i < a.kv_heads * padded_half; i += kThreads) {
    const int pair = i % padded_half, head = i / padded_half;
    const int64_t cached = sequence * a.cache.sequence_stride + head * a.cache.head_stride +
                           position * a.cache.padded_dim;
    if (pair >= half) {  // what is past the head's width
      for (int e = 0; e < 2; ++e) {
        put(a.cache.keys, cached + 2 * pair + e, 0.0F, a.cache.bf16);
        put(a.cache.values, cached + 2 * pair + e, 0.0F, a.cache.bf16);
      }
      continue;
    }
    const float* k = a.k + (t * a.kv_heads + head) * a.head_dim;
    const float* v = a.v + (t * a.kv_heads + head) * a.head_dim;
    const int first = a.interleaved ? 2 * pair : pair;
    const int second = a.interleaved ? first + 1 : pair + half;
    const float x = k[first], y = k[second];
    put(a.cache.keys, cached + first, x * cosines[pair] - y * sines[pair], a.cache.bf16);
    put(a.cache.keys, cached + second, y * cosines[pair] + x * sines[pair], a.cache.bf16);
    put(a.cache.values, cached + first, v[first], a.cache.bf16);
    put(a.cache.values, cached + second, v[second], a.cache.bf16);
  }
}

/// Which rows a block has: `tokens` tokens times `heads` query heads of one key/value head.
struct BlockRows {
  int first_token, tokens, kv_head, first_head, heads;
  int count;
  int begin, end;  ///< Positions of this block's part that any of its rows may see.
};

__device__ __forceinline__ int first_seen(const AttentionArgs& a, int position) {
  return a.window > 0 && position + 1 > a.window ? position + 1 - a.window : 0;
}

__device__ __forceinline__ BlockRows rows_of_block(const AttentionArgs& a) {
  const int group = a.heads / a.kv_heads;
  const int heads_per_block = group < kRows ? group : kRows;
  const int parts = static_cast<int>(pieces(group, heads_per_block));
  BlockRows rows;
  rows.first_token = static_cast<int>(blockIdx.x) * a.tokens_per_block;
  rows.tokens = a.tokens - rows.first_token < a.tokens_per_block ? a.tokens - rows.first_token
                                                                 : a.tokens_per_block;
  rows.kv_head = static_cast<int>(blockIdx.y) / parts;
  const int inside = static_cast<int>(blockIdx.y) % parts * heads_per_block;
  rows.heads = group - inside < heads_per_block ? group - inside : heads_per_block;
  rows.first_head = rows.kv_head * group + inside;
  rows.count = rows.tokens * rows.heads;
  const int begin = first_seen(a, a.step.positions[rows.first_token]);
  const int end = a.step.positions[rows.first_token + rows.tokens - 1] + 1;
  const int share =
      static_cast<int>(pieces(pieces(end - begin, a.splits), kPositions)) * kPositions;
  const int split = static_cast<int>(blockIdx.z);
  rows.begin = begin + split * share < end ? begin + split * share : end;
  rows.end = rows.begin + share < end ? rows.begin + share : end;
  return rows;
}

/// Eight or four elements of the cache as floats.
template <bool bf16>
__device__ __forceinline__ void load_piece(const void* list, int64_t at, float (&out)[8]) {
  if constexpr (bf16) {
    const Vec16 v = *reinterpret_cast<const Vec16*>(static_cast<const uint16_t*>(list) + at);
    for (int pair = 0; pair < 4; ++pair) {
      out[2 * pair] = __uint_as_float(v.word[pair] << 16);
      out[2 * pair + 1] = __uint_as_float(v.word[pair] & 0xffff0000U);
    }
  } else {
    const auto* two = reinterpret_cast<const Float4*>(static_cast<const float*>(list) + at);
    for (int e = 0; e < 4; ++e) out[e] = two[0].value[e], out[4 + e] = two[1].value[e];
  }
}

/// Scores of positions [first, first + kPositions) for every row: [row][position].
template <bool bf16>
__device__ __forceinline__ void score(const AttentionArgs& a, const BlockRows& rows, int first,
                                      const float* qs, float* scores) {
  const int lane = static_cast<int>(threadIdx.x) % kLanesPerKey;
  const int64_t base = a.step.sequences[rows.first_token] * a.cache.sequence_stride +
                       rows.kv_head * a.cache.head_stride;
  const float scale = 1.0F / sqrtf(static_cast<float>(a.head_dim));
  for (int p = static_cast<int>(threadIdx.x) / kLanesPerKey; p < kPositions; p += kKeys) {
    const int position = first + p;
    float sum[kRows] = {};
    if (position < rows.end)
      for (int d = lane * 8; d < a.cache.padded_dim; d += kLanesPerKey * 8) {
        float key[8];
        load_piece<bf16>(a.cache.keys, base + int64_t{position} * a.cache.padded_dim + d, key);
#pragma unroll
        for (int r = 0; r < kRows; ++r)
#pragma unroll
          for (int e = 0; e < 8; ++e) sum[r] = fmaf(qs[r * kMostHeadDim + d + e], key[e], sum[r]);
      }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      for (int step = kLanesPerKey / 2; step > 0; step /= 2)
        sum[r] += __shfl_xor_sync(kAllLanes, sum[r], step);
      if (lane != 0 || r >= rows.count) continue;
      const int own = a.step.positions[rows.first_token + r / rows.heads];
      const bool seen = position < rows.end && position <= own && position >= first_seen(a, own);
      scores[r * kPositions + p] = seen ? sum[r] * scale : kNothing;
    }
  }
}

/// Turns a tile's scores into weights, and says by how much what was summed before shrinks.
__device__ __forceinline__ void soften(const BlockRows& rows, float* scores, float* tops,
                                       float* sums, float* shrink) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int r = static_cast<int>(threadIdx.x) / kWarp; r < rows.count; r += kWarps) {
    const float one = scores[r * kPositions + lane], two = scores[r * kPositions + kWarp + lane];
    const float old_top = tops[r];
    const float top = fmaxf(old_top, warp_max(fmaxf(one, two)));
    const float weight_one = one > kNothing ? expf(one - top) : 0.0F;
    const float weight_two = two > kNothing ? expf(two - top) : 0.0F;
    scores[r * kPositions + lane] = weight_one;
    scores[r * kPositions + kWarp + lane] = weight_two;
    const float sum = warp_sum(weight_one + weight_two);
    if (lane == 0) {
      shrink[r] = expf(old_top - top);
      sums[r] = sums[r] * shrink[r] + sum;
      tops[r] = top;
    }
  }
}

template <bool bf16>
__device__ __forceinline__ float value_at(const void* list, int64_t at) {
  if constexpr (bf16) return float_from_bf16_bits(static_cast<const uint16_t*>(list)[at]);
  return static_cast<const float*>(list)[at];
}

// Four blocks a multiprocessor: left to itself ptxas wants seven, and spills for them.
template <bool bf16>
__global__ void __launch_bounds__(kThreads, 4)
    attention_kernel(const __grid_constant__ AttentionArgs a) {
  NETY_SHARED(float, qs, kRows* kMostHeadDim);
  NETY_SHARED(float, scores, kRows* kPositions);
  NETY_SHARED(float, tops, kRows);
  NETY_SHARED(float, sums, kRows);
  NETY_SHARED(float, shrink, kRows);
  const BlockRows rows = rows_of_block(a);
  const int thread = static_cast<int>(threadIdx.x);
  const auto query = [&](int r) {
    return (static_cast<int64_t>(rows.first_token + r / rows.heads) * a.heads + rows.first_head +
            r % rows.heads);
  };
  for (int i = thread; i < kRows * kMostHeadDim; i += kThreads) {
    const int r = i / kMostHeadDim, d = i % kMostHeadDim;
    qs[i] = r < rows.count && d < a.head_dim ? a.q[query(r) * a.head_dim + d] : 0.0F;
  }
  for (int r = thread; r < kRows; r += kThreads) {
    tops[r] = kNothing, sums[r] = 0.0F, shrink[r] = 1.0F;
  }
  const int64_t base = a.step.sequences[rows.first_token] * a.cache.sequence_stride +
                       rows.kv_head * a.cache.head_stride;
  float out[kRows][kDimsPerThread] = {};
  __syncthreads();
  for (int first = rows.begin; first < rows.end; first += kPositions) {
    score<bf16>(a, rows, first, qs, scores);
    __syncthreads();
    soften(rows, scores, tops, sums, shrink);
    __syncthreads();
    const int count = rows.end - first < kPositions ? rows.end - first : kPositions;
#pragma unroll
    for (int j = 0; j < kDimsPerThread; ++j) {
      const int d = thread + j * kThreads;
      if (d >= a.head_dim) break;
#pragma unroll
      for (int r = 0; r < kRows; ++r) out[r][j] *= shrink[r];
      for (int p = 0; p < count; ++p) {
        const float value =
            value_at<bf16>(a.cache.values, base + int64_t{first + p} * a.cache.padded_dim + d);
#pragma unroll
        for (int r = 0; r < kRows; ++r)
          if (r < rows.count) out[r][j] = fmaf(scores[r * kPositions + p], value, out[r][j]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    if (r >= rows.count) break;
    if (a.splits == 1) {
#pragma unroll
      for (int j = 0; j < kDimsPerThread; ++j) {
        const int d = thread + j * kThreads;
        if (d < a.head_dim) a.a[query(r) * a.head_dim + d] = out[r][j] / sums[r];
      }
      continue;
    }
    float* partial = a.partials + (query(r) * a.splits + blockIdx.z) * (a.head_dim + 2);
#pragma unroll
    for (int j = 0; j < kDimsPerThread; ++j) {
      const int d = thread + j * kThreads;
      if (d < a.head_dim) partial[d] = out[r][j];
    }
    if (thread == 0) partial[a.head_dim] = tops[r], partial[a.head_dim + 1] = sums[r];
  }
}

// A block per token and head.
__global__ void __launch_bounds__(kThreads) join_kernel(const __grid_constant__ AttentionArgs a) {
  const int64_t query = static_cast<int64_t>(blockIdx.x) * a.heads + blockIdx.y;
  const float* partials = a.partials + query * a.splits * (a.head_dim + 2);
  float top = kNothing;
  for (int s = 0; s < a.splits; ++s) top = fmaxf(top, partials[s * (a.head_dim + 2) + a.head_dim]);
  for (int d = static_cast<int>(threadIdx.x); d < a.head_dim; d += kThreads) {
    float value = 0.0F, sum = 0.0F;
    for (int s = 0; s < a.splits; ++s) {
      const float* partial = partials + s * (a.head_dim + 2);
      const float weight = expf(partial[a.head_dim] - top);
      value = fmaf(weight, partial[d], value);
      sum = fmaf(weight, partial[a.head_dim + 1], sum);
    }
    a.a[query * a.head_dim + d] = value / sum;
  }
}

}  // namespace

void rope_append(Stream stream, const RopeArgs& a) {
  NETY_LAUNCH(rope_kernel, dim3(static_cast<unsigned>(a.tokens)), dim3(kThreads), 0, stream, a);
}

void attention(Stream stream, const AttentionArgs& a) {
  const int32_t group = a.heads / a.kv_heads;
  const int64_t parts = pieces(group, group < kRows ? group : kRows);
  const dim3 grid(static_cast<unsigned>(pieces(a.tokens, a.tokens_per_block)),
                  static_cast<unsigned>(a.kv_heads * parts), static_cast<unsigned>(a.splits));
  if (a.cache.bf16)
    NETY_LAUNCH((attention_kernel<true>), grid, dim3(kThreads), 0, stream, a);
  else
    NETY_LAUNCH((attention_kernel<false>), grid, dim3(kThreads), 0, stream, a);
  if (a.splits == 1) return;
  const dim3 queries(static_cast<unsigned>(a.tokens), static_cast<unsigned>(a.heads));
  NETY_LAUNCH(join_kernel, queries, dim3(kThreads), 0, stream, a);
}

}  // namespace nety::cuda
