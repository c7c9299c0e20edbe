// Attention over one block of the KV cache.
#pragma once

#include <cstdint>

#include "core/kernels/soft_cap.h"

namespace nety::kernels {

/// Positions of a KV block. Attention is cut at multiples of it, so that one token's can be shared
/// among workers and has the same bits with any number of them.
inline constexpr int64_t kKvBlock = 128;
/// Keys of so many positions lie side by side: a vector holds one dimension of them.
inline constexpr int64_t kKeyGroup = 16;

/// In a q8_0 cache, so many dimensions of a head share a scale; the last of them may be fewer.
inline constexpr int64_t kScaledDims = 32;
/// Bytes of one position's key or value there: a code each, and an fp16 scale for each block.
constexpr int64_t q8_0_row_bytes(int64_t head_dim) {
  return head_dim + (head_dim + kScaledDims - 1) / kScaledDims * 2;
}
/// Where the block of dimension d begins in a key group, and in a value; its scales come first, in
/// a group one for each position. Codes are int8, and worth code * scale.
constexpr int64_t q8_0_group_block(int64_t d) {
  return d / kScaledDims * (kScaledDims + 2) * kKeyGroup;
}
constexpr int64_t q8_0_value_block(int64_t d) { return d / kScaledDims * (kScaledDims + 2); }

/// The positions [begin, end) of a KV block that a token attends to, at least one.
struct Visible {
  int64_t begin, end;
};

/// Attention of a few tokens, with the query heads that share one key/value head, over one KV
/// block. Row r = token * group + g of the results is of token's head g: with
/// s = scale * q . K, soft-capped if there is a cap, at the positions visible to the token and
/// tops[r] = max s,
/// a[r] = sum of exp(s - tops[r]) V and sums[r] = sum of exp(s - tops[r]), in position order.
/// A row's bits do not depend on the other rows. The caller joins the results of the blocks.
struct Attention {
  const float* q;  // token's head g at q + token * q_stride + g * head_dim
  int64_t q_stride;
  const void* keys;        // [kKvBlock / kKeyGroup][head_dim][kKeyGroup], fp32 or bf16; or q8_0:
                           // [...][block]{scales [kKeyGroup], codes [dimensions][kKeyGroup]}
  const void* values;      // [positions][head_dim], same type; or q8_0:
                           // [positions][block]{scale, codes [dimensions]}
  const Visible* visible;  // [tokens]
  int64_t tokens, group, head_dim;
  float scale;
  float* scores;                     // scratch [tokens * group, kKvBlock]
  float* a;                          // [tokens * group, head_dim]
  float* tops;                       // [tokens * group]
  float* sums;                       // [tokens * group]
  SoftCapKernel soft_cap = nullptr;  // null: scores are as they are
  float cap = 0;

  int64_t rows() const { return tokens * group; }
  const float* query(int64_t row) const {
    return q + row / group * q_stride + row % group * head_dim;
  }
  const Visible& visible_to(int64_t row) const { return visible[row / group]; }
  void cap_scores(int64_t row) const {
    const Visible& seen = visible_to(row);
    if (soft_cap != nullptr)
      soft_cap(scores + row * kKvBlock + seen.begin, seen.end - seen.begin, cap);
  }
};
using AttentionKernel = void (*)(const Attention&);

}  // namespace nety::kernels
