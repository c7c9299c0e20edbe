// What holds of sampling whatever the logits and options are: RapidCheck looks for a
// counter-example.
#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>
#include <type_traits>

#include "core/engine/sampler.h"

namespace nety::engine {
namespace {

using Logits = std::vector<float>;

/// Some of them equal, some no numbers, at least one a number.
rc::Gen<Logits> any_logits() {
  const auto one = rc::gen::weightedOneOf<float>(
      {{12, rc::gen::map(rc::gen::inRange(-900, 900),
                         [](int value) { return static_cast<float>(value) / 64.0F; })},
       {1, rc::gen::element(-INFINITY, INFINITY, NAN)}});
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(-9, 9), rc::gen::container<Logits>(one)),
                      [](std::pair<int, Logits> made) {
                        made.second.push_back(static_cast<float>(made.first));
                        return made.second;
                      });
}

rc::Gen<std::vector<int32_t>> any_tokens() {
  return rc::gen::container<std::vector<int32_t>>(rc::gen::inRange<int32_t>(0, 40));
}

/// Every option at its quiet value or anywhere in its range.
SamplingOptions any_options() {
  SamplingOptions options;
  visit_sampling(
      [](const auto& row, auto& value) {
        if (!*rc::gen::arbitrary<bool>()) return;
        const double least = static_cast<double>(row.least);
        const double most = std::min(static_cast<double>(row.most), 30.0);
        const double share = *rc::gen::inRange(0, 1001) / 1000.0;
        value = static_cast<std::remove_cvref_t<decltype(value)>>(least + share * (most - least));
      },
      options);
  options.order = *rc::gen::element(SamplingOrder::kTransformers, SamplingOrder::kLlamaCpp);
  options.seed = *rc::gen::arbitrary<uint64_t>();
  if (*rc::gen::arbitrary<bool>())
    options.bias.push_back({*rc::gen::inRange<int32_t>(0, 40), -3.5F});
  return options;
}

/// A mask that leaves the last token of `logits`, which is a number.
std::vector<uint64_t> any_mask(const Logits& logits) {
  std::vector<uint64_t> mask((logits.size() + 63) / 64);
  for (uint64_t& word : mask) word = *rc::gen::arbitrary<uint64_t>();
  const size_t last = logits.size() - 1;
  mask[last / 64] |= uint64_t{1} << (last % 64);
  return mask;
}

RC_GTEST_PROP(Sampling, LeavesLikelyTokensThatAreAllowedAndPicksOne, ()) {
  const Logits logits = *any_logits();
  const std::vector<int32_t> past = *any_tokens();
  const std::vector<uint64_t> mask = any_mask(logits);
  Sampler sampler(any_options());
  std::vector<int32_t> left;
  double before = INFINITY;
  for (const Candidate& one : sampler.narrow(logits, {past, past}, mask)) {
    RC_ASSERT(std::isfinite(logits[static_cast<size_t>(one.id)]));
    RC_ASSERT(is_allowed(mask, static_cast<size_t>(one.id)));
    RC_ASSERT(one.weight <= before && one.weight >= 0);
    before = one.weight;
    left.push_back(one.id);
  }
  RC_ASSERT(!left.empty());
  for (int i = 0; i < 3; ++i) {
    const int32_t picked = sampler.pick(logits, {past, past}, mask);
    RC_ASSERT(std::find(left.begin(), left.end(), picked) != left.end());
  }
}

RC_GTEST_PROP(Sampling, TreatsAMaskAsLogitsThatCannotBe, ()) {
  const Logits logits = *any_logits();
  const std::vector<int32_t> past = *any_tokens();
  const std::vector<uint64_t> mask = any_mask(logits);
  Logits masked = logits;
  for (size_t i = 0; i < masked.size(); ++i)
    if (!is_allowed(mask, i)) masked[i] = -INFINITY;
  SamplingOptions options = any_options();
  options.greedy = *rc::gen::arbitrary<bool>();
  Sampler one(options), other(options);
  for (int i = 0; i < 5; ++i)
    RC_ASSERT(one.pick(logits, {past, past}, mask) == other.pick(masked, {past, past}));
}

RC_GTEST_PROP(Sampling, RepeatsItselfWithASeedWhateverWasSampledBefore, ()) {
  const Logits logits = *any_logits(), others = *any_logits();
  const SamplingOptions options = any_options();
  Sampler one(options), other(options), apart(options);
  for (int i = 0; i < 5; ++i) {
    apart.pick(others);  // somebody else's, of another vocabulary
    RC_ASSERT(one.pick(logits) == other.pick(logits));
  }
}

RC_GTEST_PROP(Sampling, ChangesNothingByItself, ()) {
  const Logits logits = *any_logits();
  const std::vector<int32_t> past = *any_tokens();
  double total = 0, largest = -INFINITY;
  size_t finite = 0;
  for (const float logit : logits)
    if (std::isfinite(logit)) largest = std::max<double>(largest, logit);
  for (const float logit : logits)
    if (std::isfinite(logit)) total += std::exp(logit - largest), ++finite;
  Sampler sampler(SamplingOptions{});
  const std::span<const Candidate> left = sampler.narrow(logits, {past, past});
  RC_ASSERT(left.size() == finite);
  double sum = 0;
  for (const Candidate& one : left) sum += one.weight;
  for (const Candidate& one : left) {
    const double chance = std::exp(logits[static_cast<size_t>(one.id)] - largest) / total;
    RC_ASSERT(std::fabs(one.weight / sum - chance) <= 1e-12);
  }
}

RC_GTEST_PROP(Sampling, DrawsInProportionToWhatIsLeft, ()) {
  const Logits logits = *any_logits();
  SamplingOptions options = any_options();
  options.temperature = *rc::gen::element(0.5, 1.0, 2.0);
  Sampler sampler(options);
  std::map<int32_t, double> chances;
  double total = 0;
  for (const Candidate& one : sampler.narrow(logits)) chances[one.id] = one.weight;
  for (const auto& [id, weight] : chances) total += weight;
  constexpr int kDraws = 1500;
  std::map<int32_t, int> counts;
  for (int i = 0; i < kDraws; ++i) ++counts[sampler.pick(logits)];
  for (const auto& [id, weight] : chances) {
    const double chance = weight / total;
    // Seven standard deviations of a binomial count, and a few for chances near zero.
    const double allowed = 7 * std::sqrt(kDraws * chance * (1 - chance)) + 5;
    RC_ASSERT(std::fabs(counts[id] - kDraws * chance) <= allowed);
  }
}

RC_GTEST_PROP(Penalties, CountWhatStandsInTheirWindow, ()) {
  const auto tokens = *any_tokens();
  const Logits logits(40, 1.0F);
  SamplingOptions options{.repeat_penalty = 2, .frequency_penalty = 0.25, .presence_penalty = 0.5};
  options.penalty_window = *rc::gen::inRange(0, 50);
  const size_t prompt = *rc::gen::inRange<size_t>(0, tokens.size() + 1);
  const std::span<const int32_t> all = tokens, answer = all.subspan(prompt);
  const auto window = static_cast<size_t>(options.penalty_window);
  const auto seen = all.last(std::min(window, all.size()));
  const auto said = answer.last(std::min(window, answer.size()));
  Sampler sampler(options);
  for (const Candidate& one : sampler.narrow(logits, {all, answer})) {
    const auto times = std::count(said.begin(), said.end(), one.id);
    float want = std::find(seen.begin(), seen.end(), one.id) != seen.end() ? 0.5F : 1.0F;
    if (times > 0) want -= 0.25F * static_cast<float>(times) + 0.5F;
    RC_ASSERT(one.logit == want);
  }
}

}  // namespace
}  // namespace nety::engine
