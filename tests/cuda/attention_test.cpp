// Rotation, the cache and attention against the definitions in double: odd widths of heads, grouped
// queries, windows, both types of cache, positions cut into parts, and tokens that share a block.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/backends/cuda/kv_cache.h"
#include "core/base/half.h"
#include "tests/cuda/on_device.h"

namespace nety::cuda {
namespace {

struct Shape {
  int32_t heads, kv_heads, head_dim;
};

/// A sequence of `length` cached tokens, of which the last `tokens` are asked.
struct Question {
  Shape shape;
  int32_t length, tokens;
  int32_t window = 0, splits = 1, tokens_per_block = 1;
  model::KvType type = model::KvType::kFp32;
};

class Attention : public BothOrders {
 protected:
  void check(const Question& question);
  std::unique_ptr<Device> device_ = emulated_device();
};

/// What attention() is asked, in the host's memory.
struct Numbers {
  std::vector<float> q, k, v;  // [tokens, H, d], [length, G, d]
  float key(const Question& of, int32_t position, int32_t head, int32_t d) const {
    return stored(of, k, position, head, d);
  }
  float value(const Question& of, int32_t position, int32_t head, int32_t d) const {
    return stored(of, v, position, head, d);
  }

 private:
  static float stored(const Question& of, const std::vector<float>& list, int32_t position,
                      int32_t head, int32_t d) {
    const float x =
        list[static_cast<size_t>((position * of.shape.kv_heads + head) * of.shape.head_dim + d)];
    return of.type == model::KvType::kBf16 ? float_from_bf16(bf16_from_float(x)) : x;
  }
};

std::vector<double> expected_row(const Question& of, const Numbers& numbers, int32_t t,
                                 int32_t head) {
  const int32_t kv_head = head / (of.shape.heads / of.shape.kv_heads);
  const int32_t own = of.length - of.tokens + t;
  const int32_t begin = of.window > 0 ? std::max(0, own + 1 - of.window) : 0;
  const float* q = numbers.q.data() + (t * of.shape.heads + head) * of.shape.head_dim;
  std::vector<double> scores;
  for (int32_t p = begin; p <= own; ++p) {
    double score = 0;
    for (int32_t d = 0; d < of.shape.head_dim; ++d)
      score += double{q[d]} * numbers.key(of, p, kv_head, d);
    scores.push_back(score / std::sqrt(of.shape.head_dim));
  }
  const double top = *std::ranges::max_element(scores);
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - top);
  std::vector<double> out(static_cast<size_t>(of.shape.head_dim), 0.0);
  for (size_t i = 0; i < scores.size(); ++i)
    for (int32_t d = 0; d < of.shape.head_dim; ++d)
      out[static_cast<size_t>(d)] +=
          scores[i] / sum * numbers.value(of, begin + static_cast<int32_t>(i), kv_head, d);
  return out;
}

void Attention::check(const Question& of) {
  SCOPED_TRACE("H " + std::to_string(of.shape.heads) + ", G " + std::to_string(of.shape.kv_heads) +
               ", d " + std::to_string(of.shape.head_dim) + ", length " +
               std::to_string(of.length) + ", splits " + std::to_string(of.splits));
  const auto [heads, kv_heads, dim] = of.shape;
  const Numbers host{numbers(static_cast<size_t>(of.tokens * heads * dim), 1, 2.0F),
                     numbers(static_cast<size_t>(of.length * kv_heads * dim), 2, 1.5F),
                     numbers(static_cast<size_t>(of.length * kv_heads * dim), 3)};
  CudaKvCache cache(*device_, {.layers = 2,
                               .kv_heads = kv_heads,
                               .head_dim = dim,
                               .context = of.length + 3,
                               .sequences = 2,
                               .type = of.type});
  // All keys go through rope_append, unrotated, into the second sequence of the second layer.
  std::vector<int32_t> positions(static_cast<size_t>(of.length)), sequences(positions.size(), 1);
  for (size_t p = 0; p < positions.size(); ++p) positions[p] = static_cast<int32_t>(p);
  const auto half = static_cast<size_t>(dim / 2);
  const OnDevice<int32_t> at(*device_, positions), in(*device_, sequences);
  const OnDevice<float> ones(*device_, std::vector<float>(positions.size() * half, 1.0F));
  const OnDevice<float> zeros(*device_, std::vector<float>(positions.size() * half, 0.0F));
  const OnDevice<float> k(*device_, host.k), v(*device_, host.v), q(*device_, host.q);
  rope_append(device_->stream(), {.q = nullptr,
                                  .k = k.data(),
                                  .v = v.data(),
                                  .step = {at.data(), in.data(), ones.data(), zeros.data()},
                                  .cache = cache.layer(1),
                                  .tokens = of.length,
                                  .heads = 0,
                                  .kv_heads = kv_heads,
                                  .head_dim = dim,
                                  .interleaved = false});
  const OnDevice<float> a(*device_, host.q.size());
  const OnDevice<float> partials(*device_,
                                 static_cast<size_t>(of.tokens * heads * of.splits * (dim + 2)));
  const OnDevice<int32_t> arrivals(*device_,
                                   std::vector<int32_t>(static_cast<size_t>(of.tokens * heads), 0));
  const int32_t first = of.length - of.tokens;
  attention(device_->stream(), {.q = q.data(),
                                .a = a.data(),
                                .step = {at.data() + first, in.data() + first, nullptr, nullptr},
                                .cache = cache.layer(1),
                                .tokens = of.tokens,
                                .heads = heads,
                                .kv_heads = kv_heads,
                                .head_dim = dim,
                                .window = of.window,
                                .tokens_per_block = of.tokens_per_block,
                                .splits = of.splits,
                                .partials = partials.data(),
                                .arrivals = arrivals.data(),
                                .fresh_k = nullptr,
                                .fresh_v = nullptr,
                                .interleaved = false});
  for (const int32_t left : arrivals.values()) ASSERT_EQ(left, 0);
  const std::vector<float> found = a.values();
  for (int32_t t = 0; t < of.tokens; ++t)
    for (int32_t head = 0; head < heads; ++head) {
      const std::vector<double> expected = expected_row(of, host, t, head);
      for (int32_t d = 0; d < dim; ++d)
        ASSERT_NEAR(found[static_cast<size_t>((t * heads + head) * dim + d)],
                    expected[static_cast<size_t>(d)], 3e-6)
            << "token " << t << ", head " << head << ", dimension " << d;
    }
}

TEST_P(Attention, TakesHeadsOfAnyWidth) {
  for (const int32_t dim : {2, 22, 64, 80, 128, 256})
    check({.shape = {2, 1, dim}, .length = 67, .tokens = 1});
}

TEST_P(Attention, SharesKeysAmongGroupedQueries) {
  for (const Shape& shape : {Shape{4, 4, 16}, Shape{6, 2, 16}, Shape{9, 1, 16}, Shape{24, 2, 16}})
    check({.shape = shape, .length = 70, .tokens = 2});
}

TEST_P(Attention, EndsAtAnyPosition) {
  for (const int32_t length : {1, 2, 63, 64, 65, 129, 300})
    check({.shape = {4, 2, 32}, .length = length, .tokens = 1});
}

TEST_P(Attention, JoinsParts) {
  for (const int32_t splits : {2, 4, 32})
    for (const int32_t length : {1, 64, 65, 300})
      check({.shape = {4, 2, 32}, .length = length, .tokens = 1, .splits = splits});
  check({.shape = {4, 2, 32}, .length = 300, .tokens = 3, .window = 70, .splits = 4});
}

TEST_P(Attention, LooksBackOnlyThroughItsWindow) {
  for (const int32_t window : {1, 5, 64, 1000})
    check({.shape = {4, 2, 16}, .length = 80, .tokens = 9, .window = window});
}

TEST_P(Attention, TakesSeveralTokensInABlock) {
  for (const int32_t together : {2, 4})
    for (const int32_t window : {0, 7})
      check({.shape = {4, 2, 16},
             .length = 75,
             .tokens = 13,
             .window = window,
             .tokens_per_block = together});
}

TEST_P(Attention, ReadsABf16Cache) {
  for (const int32_t dim : {22, 64, 128})
    check({.shape = {4, 1, dim},
           .length = 130,
           .tokens = 2,
           .splits = 2,
           .type = model::KvType::kBf16});
}

// One rotation of each kind by hand.
TEST_P(Attention, RotatesPairsThatAreApartOrAdjacent) {
  for (const bool interleaved : {false, true}) {
    const std::vector<float> q = {1, 2, 3, 4}, cosines = {0.6F, 0.0F}, sines = {0.8F, 1.0F};
    const std::vector<int32_t> zero = {0};
    CudaKvCache cache(*device_,
                      {.layers = 1, .kv_heads = 1, .head_dim = 4, .context = 1, .sequences = 1});
    const OnDevice<float> qs(*device_, q), ks(*device_, q), c(*device_, cosines),
        s(*device_, sines);
    const OnDevice<int32_t> at(*device_, zero);
    rope_append(device_->stream(), {.q = qs.data(),
                                    .k = ks.data(),
                                    .v = ks.data(),
                                    .step = {at.data(), at.data(), c.data(), s.data()},
                                    .cache = cache.layer(0),
                                    .tokens = 1,
                                    .heads = 1,
                                    .kv_heads = 1,
                                    .head_dim = 4,
                                    .interleaved = interleaved});
    const std::vector<float> expected =
        interleaved ? std::vector<float>{0.6F * 1 - 0.8F * 2, 0.6F * 2 + 0.8F * 1, -4, 3}
                    : std::vector<float>{0.6F * 1 - 0.8F * 3, -4, 0.6F * 3 + 0.8F * 1, 2};
    std::vector<float> cached(8);
    device_->download(cached.data(), cache.layer(0).keys, sizeof(float) * 8);
    for (size_t d = 0; d < 4; ++d) {
      EXPECT_FLOAT_EQ(qs.values()[d], expected[d]);
      EXPECT_FLOAT_EQ(cached[d], expected[d]);
      EXPECT_EQ(cached[d + 4], 0.0F);  // padding
    }
  }
}

// What one launch does for a step of one token, beside the two that it stands for.
TEST_P(Attention, OfAFreshTokenIsRotationAndAttentionInOne) {
  constexpr int32_t kContext = 140;
  for (const bool interleaved : {false, true})
    for (const int32_t dim : {22, 64})
      for (const model::KvType type : {model::KvType::kFp32, model::KvType::kBf16}) {
        const Shape shape{18, 2, dim};  // nine heads of a group: two blocks share its key
        const auto width = static_cast<size_t>(dim), half = width / 2;
        const std::vector<float> q = numbers(18 * width, 1), k = numbers(kContext * 2 * width, 2),
                                 v = numbers(kContext * 2 * width, 3),
                                 angles = numbers(kContext * half, 4, 3.0F);
        std::vector<float> cosines(angles.size()), sines(angles.size());
        for (size_t i = 0; i < angles.size(); ++i)
          cosines[i] = std::cos(angles[i]), sines[i] = std::sin(angles[i]);
        std::vector<int32_t> positions(kContext), sequences(kContext, 0);
        for (size_t p = 0; p < positions.size(); ++p) positions[p] = static_cast<int32_t>(p);
        const OnDevice<float> ks(*device_, k), vs(*device_, v), c(*device_, cosines),
            s(*device_, sines), partials(*device_, size_t{18} * 4 * (width + 2));
        const OnDevice<int32_t> at(*device_, positions), in(*device_, sequences),
            arrivals(*device_, std::vector<int32_t>(18, 0));
        std::vector<float> found[2];
        for (const bool fresh : {false, true}) {
          CudaKvCache cache(*device_, {.layers = 1,
                                       .kv_heads = 2,
                                       .head_dim = dim,
                                       .context = kContext,
                                       .sequences = 1,
                                       .type = type});
          const int32_t last = kContext - 1;
          const auto before = static_cast<int64_t>(last) * 2 * dim;
          const OnDevice<float> qs(*device_, q), unused(*device_, kContext * 18 * width),
              a(*device_, q.size());
          RopeArgs rope{.q = unused.data(),
                        .k = ks.data(),
                        .v = vs.data(),
                        .step = {at.data(), in.data(), c.data(), s.data()},
                        .cache = cache.layer(0),
                        .tokens = last,
                        .heads = 0,
                        .kv_heads = 2,
                        .head_dim = dim,
                        .interleaved = interleaved};
          rope_append(device_->stream(), rope);
          const StepRows step{at.data() + last, in.data() + last,
                              c.data() + last * static_cast<int64_t>(half),
                              s.data() + last * static_cast<int64_t>(half)};
          if (!fresh) {
            rope.q = qs.data(), rope.k += before, rope.v += before;
            rope.step = step, rope.tokens = 1, rope.heads = 18;
            rope_append(device_->stream(), rope);
          }
          attention(device_->stream(), {.q = qs.data(),
                                        .a = a.data(),
                                        .step = step,
                                        .cache = cache.layer(0),
                                        .tokens = 1,
                                        .heads = shape.heads,
                                        .kv_heads = shape.kv_heads,
                                        .head_dim = dim,
                                        .window = 0,
                                        .tokens_per_block = 1,
                                        .splits = 4,
                                        .partials = partials.data(),
                                        .arrivals = arrivals.data(),
                                        .fresh_k = fresh ? ks.data() + before : nullptr,
                                        .fresh_v = fresh ? vs.data() + before : nullptr,
                                        .interleaved = interleaved});
          found[fresh ? 1 : 0] = a.values();
        }
        EXPECT_EQ(found[0], found[1]);
      }
}

INSTANTIATE_TEST_SUITE_P(Orders, Attention,
                         ::testing::Values(simt::Order::kAscending, simt::Order::kDescending));

}  // namespace
}  // namespace nety::cuda
