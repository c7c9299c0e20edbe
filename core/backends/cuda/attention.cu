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
constexpr float kNothing = -1e30F;  // below every score, and exp() of differences stays a number

__device__ __forceinline__ void put(void* list, int64_t at, float value, bool bf16) {
  if (bf16)
    static_cast<uint16_t*>(list)[at] = static_cast<uint16_t>(bf16_bits(value));
  else
    static_cast<float*>(list)[at] = value;
}

/// Which dimensions of a head are rotated together.
struct Pair {
  int first, second;
};
/// `turned` pairs are rotated; those past them have the angle 0.
__device__ __forceinline__ Pair pair_of(int pair, int turned, bool interleaved) {
  return interleaved || pair >= turned ? Pair{2 * pair, 2 * pair + 1} : Pair{pair, pair + turned};
}
__device__ __forceinline__ int turned_pairs(int rotated, int head_dim) {
  return (rotated > 0 ? rotated : head_dim) / 2;
}

/// Pair number `pair` of a token's k and v into the cache from element `cached` on; what is past
/// the head's width becomes zero. `k` and `v` are the head's.
__device__ __forceinline__ void append(const CacheLayer& cache, int64_t cached, const float* k,
                                       const float* v, int pair, int half, int turned,
                                       bool interleaved, const float* cosines, const float* sines) {
  if (pair >= half) {
    for (int e = 0; e < 2; ++e) {
      put(cache.keys, cached + 2 * pair + e, 0.0F, cache.bf16);
      put(cache.values, cached + 2 * pair + e, 0.0F, cache.bf16);
    }
    return;
  }
  const auto [first, second] = pair_of(pair, turned, interleaved);
  const float x = k[first], y = k[second];
  put(cache.keys, cached + first, x * cosines[pair] - y * sines[pair], cache.bf16);
  put(cache.keys, cached + second, y * cosines[pair] + x * sines[pair], cache.bf16);
  put(cache.values, cached + first, v[first], cache.bf16);
  put(cache.values, cached + second, v[second], cache.bf16);
}

// A block per token; a thread per pair of dimensions of a head.
__global__ void __launch_bounds__(kThreads) rope_kernel(const __grid_constant__ RopeArgs a) {
  begin_after_the_last();
  const int64_t t = blockIdx.x;
  const int half = a.head_dim / 2, padded_half = a.cache.padded_dim / 2;
  const int turned = turned_pairs(a.rotated, a.head_dim);
  const int64_t position = a.step.positions[t], sequence = a.step.sequences[t];
  const float* cosines = a.step.cosines + t * half;
  const float* sines = a.step.sines + t * half;
  for (int i = static_cast<int>(threadIdx.x); i < a.heads * half; i += kThreads) {
    const int pair = i % half;
    float* head = a.q + (t * a.heads + i / half) * a.head_dim;
    const auto [first, second] = pair_of(pair, turned, a.interleaved);
    const float x = head[first], y = head[second];
    head[first] = x * cosines[pair] - y * sines[pair];
    head[second] = y * cosines[pair] + x * sines[pair];
  }
  for (int i = static_cast<int>(threadIdx.x); i < a.kv_heads * padded_half; i += kThreads) {
    const int head = i / padded_half;
    const int64_t cached = sequence * a.cache.sequence_stride + head * a.cache.head_stride +
                           position * a.cache.padded_dim;
    const int64_t from = (t * a.kv_heads + head) * a.head_dim;
    append(a.cache, cached, a.k + from, a.v + from, i % padded_half, half, turned, a.interleaved,
           cosines, sines);
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
  return rows;
}

/// The positions of a block; separate from the rows, so that queries are loaded meanwhile.
__device__ __forceinline__ void find_positions(const AttentionArgs& a, int first_position,
                                               int last_position, BlockRows& rows) {
  const int begin = first_seen(a, first_position);
  const int end = last_position + 1;
  const int share =
      static_cast<int>(pieces(pieces(end - begin, a.splits), kPositions)) * kPositions;
  const int split = static_cast<int>(blockIdx.z);
  rows.begin = begin + split * share < end ? begin + split * share : end;
  rows.end = rows.begin + share < end ? rows.begin + share : end;
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

/// Scores of positions [first, first + kPositions) for every row: [row][position]. All keys of a
/// piece of the width are asked for before the first is used.
template <bool bf16>
__device__ __forceinline__ void score(const AttentionArgs& a, const BlockRows& rows, int64_t base,
                                      int first, const float* qs, float* scores) {
  constexpr int kEach = kPositions / kKeys;  // positions of a thread
  const int lane = static_cast<int>(threadIdx.x) % kLanesPerKey;
  const int my_first = first + static_cast<int>(threadIdx.x) / kLanesPerKey;
  const float scale = a.scale > 0.0F ? a.scale : 1.0F / sqrtf(static_cast<float>(a.head_dim));
  float sum[kEach][kRows] = {};
  for (int d = lane * 8; d < a.cache.padded_dim; d += kLanesPerKey * 8) {
    float keys[kEach][8] = {};
#pragma unroll
    for (int i = 0; i < kEach; ++i)
      if (const int64_t position = my_first + i * kKeys; position < rows.end)
        load_piece<bf16>(a.cache.keys, base + position * a.cache.padded_dim + d, keys[i]);
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      if (r >= rows.count) break;
      const auto* q = reinterpret_cast<const Float4*>(qs + r * kMostHeadDim + d);
      const Float4 two[2] = {q[0], q[1]};
#pragma unroll
      for (int i = 0; i < kEach; ++i)
#pragma unroll
        for (int e = 0; e < 8; ++e)
          sum[i][r] = fmaf(two[e / 4].value[e % 4], keys[i][e], sum[i][r]);
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    if (r >= rows.count) break;
    const int own = a.step.positions[rows.first_token + r / rows.heads];
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      for (int step = kLanesPerKey / 2; step > 0; step /= 2)
        sum[i][r] += __shfl_xor_sync(kAllLanes, sum[i][r], step);
      const int position = my_first + i * kKeys;
      const bool seen = position < rows.end && position <= own && position >= first_seen(a, own);
      float one = sum[i][r] * scale;
      if (a.cap > 0.0F) one = a.cap * tanhf(one / a.cap);
      if (lane == 0) scores[r * kPositions + position - first] = seen ? one : kNothing;
    }
  }
}

/// Turns a tile's scores into weights, and returns the factor for the sums before it.
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

/// Four neighbouring elements of the cache as floats.
template <bool bf16>
__device__ __forceinline__ Float4 four_values(const void* list, int64_t at) {
  if constexpr (!bf16)
    return *reinterpret_cast<const Float4*>(static_cast<const float*>(list) + at);
  const auto* halves = reinterpret_cast<const uint32_t*>(static_cast<const uint16_t*>(list) + at);
  Float4 four;
  for (int pair = 0; pair < 2; ++pair) {
    four.value[2 * pair] = __uint_as_float(halves[pair] << 16);
    four.value[2 * pair + 1] = __uint_as_float(halves[pair] & 0xffff0000U);
  }
  return four;
}

__device__ __forceinline__ int64_t query_of(const AttentionArgs& a, const BlockRows& rows, int r) {
  return static_cast<int64_t>(rows.first_token + r / rows.heads) * a.heads + rows.first_head +
         r % rows.heads;
}

/// The block's queries into shared memory [row][kMostHeadDim], zero past their width; a fresh
/// token's are rotated on the way.
__device__ __forceinline__ void take_queries(const AttentionArgs& a, const BlockRows& rows,
                                             float* qs) {
  const int half = a.head_dim / 2, padded_half = a.cache.padded_dim / 2;
  const bool fresh = a.fresh_k != nullptr;
#pragma unroll 4
  for (int i = static_cast<int>(threadIdx.x); i < rows.count * padded_half; i += kThreads) {
    const int r = i / padded_half, pair = i % padded_half;
    float* to = qs + r * kMostHeadDim;
    if (pair >= half) {
      to[2 * pair] = to[2 * pair + 1] = 0.0F;
      continue;
    }
    const auto [first, second] = pair_of(pair, turned_pairs(a.rotated, a.head_dim), a.interleaved);
    const float* q = a.q + query_of(a, rows, r) * a.head_dim;
    const float x = q[first], y = q[second];
    const float cosine = fresh ? a.step.cosines[pair] : 1.0F;
    const float sine = fresh ? a.step.sines[pair] : 0.0F;
    to[first] = x * cosine - y * sine;
    to[second] = y * cosine + x * sine;
  }
}

/// A fresh token's key and value into the cache: by every block of the head, which all write the
/// same.
__device__ __forceinline__ void append_fresh(const AttentionArgs& a, const BlockRows& rows,
                                             int64_t base, int position) {
  const int half = a.head_dim / 2;
  const int64_t from = int64_t{rows.kv_head} * a.head_dim;
  for (int pair = static_cast<int>(threadIdx.x); pair < a.cache.padded_dim / 2; pair += kThreads)
    append(a.cache, base + int64_t{position} * a.cache.padded_dim, a.fresh_k + from,
           a.fresh_v + from, pair, half, turned_pairs(a.rotated, a.head_dim), a.interleaved,
           a.step.cosines, a.step.sines);
}

/// Where a part's sums are kept: d of them, the top score and the sum of weights.
__device__ __forceinline__ float* partial_of(const AttentionArgs& a, int64_t query, int split) {
  return a.partials + (query * a.splits + split) * (a.head_dim + 2);
}

/// A query's sum of weighted values over that of the weights, of which the largest score is `top`,
/// and the sink's beside them.
__device__ __forceinline__ float share(const AttentionArgs& a, int64_t query, float value,
                                       float top, float sum) {
  if (a.sinks == nullptr) return value / sum;
  const float sink = a.sinks[query % a.heads];
  const float highest = fmaxf(top, sink);
  const float seen = expf(top - highest);
  return value * seen / (sum * seen + expf(sink - highest));
}

/// Joins the parts of a block's rows, if this is the last of their blocks to get here.
__device__ __forceinline__ void join(const AttentionArgs& a, const BlockRows& rows) {
  NETY_SHARED(int32_t, earlier, 1);
  __threadfence();
  __syncthreads();
  int32_t* arrivals = a.arrivals + blockIdx.x * gridDim.y + blockIdx.y;
  if (threadIdx.x == 0) earlier[0] = atomicAdd(arrivals, 1);
  __syncthreads();
  if (earlier[0] != a.splits - 1) return;
  __threadfence();
  if (threadIdx.x == 0) *arrivals = 0;
  for (int i = static_cast<int>(threadIdx.x); i < rows.count * a.head_dim; i += kThreads) {
    const int64_t query = query_of(a, rows, i / a.head_dim);
    const int d = i % a.head_dim;
    float top = kNothing;
#pragma unroll 8
    for (int s = 0; s < a.splits; ++s)
      top = fmaxf(top, load_of_other_block(partial_of(a, query, s) + a.head_dim));
    float value = 0.0F, sum = 0.0F;
#pragma unroll 8
    for (int s = 0; s < a.splits; ++s) {
      const float* partial = partial_of(a, query, s);
      const float weight = expf(load_of_other_block(partial + a.head_dim) - top);
      value = fmaf(weight, load_of_other_block(partial + d), value);
      sum = fmaf(weight, load_of_other_block(partial + a.head_dim + 1), sum);
    }
    a.a[query * a.head_dim + d] = share(a, query, value, top, sum);
  }
}

/// What the values of kAhead positions add to each row: `values` of positions p, p + groups, ...
template <int kAhead>
__device__ __forceinline__ void add_values(const Float4 (&values)[kAhead], const float* scores,
                                           int p, int groups, int count, const BlockRows& rows,
                                           float (&out)[kRows][4]) {
#pragma unroll
  for (int i = 0; i < kAhead; ++i) {
    const int position = p + i * groups;
    if (position >= count) break;
#pragma unroll
    for (int r = 0; r < kRows; ++r)
      if (r < rows.count)
#pragma unroll
        for (int e = 0; e < 4; ++e)
          out[r][e] = fmaf(scores[r * kPositions + position], values[i].value[e], out[r][e]);
  }
}

// Values are read four dimensions at a time: a key's width is shared by `lanes` threads, and
// positions by as many groups of them as there are. The first are asked for before scores are
// known. Three blocks a multiprocessor: left to itself ptxas wants more, and spills for them.
template <bool bf16>
__global__ void __launch_bounds__(kThreads, 3)
    attention_kernel(const __grid_constant__ AttentionArgs a) {
  constexpr int kAhead = 8;
  NETY_SHARED(float, qs, kRows* kMostHeadDim);
  NETY_SHARED(float, scores, kRows* kPositions);
  NETY_SHARED(float, tops, kRows);
  NETY_SHARED(float, sums, kRows);
  NETY_SHARED(float, shrink, kRows);
  NETY_SHARED(float, of_groups, kRows* kThreads * 4);  // [group][row][padded_dim]
  begin_after_the_last();
  BlockRows rows = rows_of_block(a);
  const int first_position = a.step.positions[rows.first_token];
  const int last_position = a.step.positions[rows.first_token + rows.tokens - 1];
  const int64_t base = a.step.sequences[rows.first_token] * a.cache.sequence_stride +
                       rows.kv_head * a.cache.head_stride;
  const int thread = static_cast<int>(threadIdx.x);
  take_queries(a, rows, qs);
  if (a.fresh_k != nullptr) append_fresh(a, rows, base, first_position);
  find_positions(a, first_position, last_position, rows);
  for (int r = thread; r < kRows; r += kThreads) {
    tops[r] = kNothing, sums[r] = 0.0F, shrink[r] = 1.0F;
  }
  const int lanes = a.cache.padded_dim / 4, groups = kThreads / lanes;
  const int group = thread / lanes, first_dim = thread % lanes * 4;
  float out[kRows][4] = {};
  __syncthreads();
  for (int first = rows.begin; first < rows.end; first += kPositions) {
    const int count = rows.end - first < kPositions ? rows.end - first : kPositions;
    const auto read_values = [&](int p, Float4(&values)[kAhead]) {
#pragma unroll
      for (int i = 0; i < kAhead; ++i)
        if (group < groups && p + i * groups < count)
          values[i] = four_values<bf16>(
              a.cache.values,
              base + int64_t{first + p + i * groups} * a.cache.padded_dim + first_dim);
    };
    Float4 values[kAhead] = {};
    read_values(group, values);
    score<bf16>(a, rows, base, first, qs, scores);
    __syncthreads();
    soften(rows, scores, tops, sums, shrink);
    __syncthreads();
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int e = 0; e < 4; ++e) out[r][e] *= shrink[r];
    if (group < groups)
      for (int p = group; p < count; p += kAhead * groups) {
        if (p != group) read_values(p, values);
        add_values(values, scores, p, groups, count, rows, out);
      }
    __syncthreads();
  }
  if (group < groups)
#pragma unroll
    for (int r = 0; r < kRows; ++r)
#pragma unroll
      for (int e = 0; e < 4; ++e)
        of_groups[(group * kRows + r) * a.cache.padded_dim + first_dim + e] = out[r][e];
  __syncthreads();
  for (int i = thread; i < rows.count * a.head_dim; i += kThreads) {
    const int r = i / a.head_dim, d = i % a.head_dim;
    float total = 0.0F;
    for (int g = 0; g < groups; ++g) total += of_groups[(g * kRows + r) * a.cache.padded_dim + d];
    const int64_t query = query_of(a, rows, r);
    if (a.splits == 1) {
      a.a[query * a.head_dim + d] = share(a, query, total, tops[r], sums[r]);
      continue;
    }
    float* partial = partial_of(a, query, static_cast<int>(blockIdx.z));
    partial[d] = total;
    if (d == 0) partial[a.head_dim] = tops[r], partial[a.head_dim + 1] = sums[r];
  }
  if (a.splits > 1) join(a, rows);
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
}

}  // namespace nety::cuda
