// How far each mode is from fp32 on the evaluation text, against what the Python stack
// (transformers and bitsandbytes) measured for its own on the same tokens
// (tests/data/smollm2/golden.json). The head is fp32, as there. Prints the rows of docs/quality.md.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/engine/sampler.h"
#include "core/model/tokenizer_source.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

// A mode's KLD is its own rounding, so it agrees with another implementation of the same format;
// where the arithmetic differs (int8 outliers per row, fp32 accumulation) ours may only be better.
constexpr double kSameFormat = 0.10, kNoWorse = 1.1;

constexpr int64_t kStep = 128;

/// Logits of every position but the last.
class Distribution {
 public:
  Distribution(Ready& ready, std::span<const int32_t> ids)
      : vocab_(static_cast<size_t>(ready.model->config.vocab)) {
    engine::Engine engine(*ready.model, *ready.backend, {.context = 1024, .logit_rows = kStep});
    engine::Sequence sequence = engine.open_sequence();
    for (size_t at = 0; at < ids.size(); at += kStep) {
      const auto part = ids.subspan(at, std::min<size_t>(kStep, ids.size() - at));
      const std::span<const float> logits = sequence.feed_all(part);
      logits_.insert(logits_.end(), logits.begin(), logits.end());
    }
    positions_ = ids.size() - 1;
    for (size_t t = 0; t < positions_; ++t) lse_.push_back(log_sum_exp(row(t)));
  }
  size_t positions() const { return positions_; }
  std::span<const float> row(size_t t) const {
    return std::span(logits_).subspan(t * vocab_, vocab_);
  }
  double log_probability(size_t t, size_t token) const { return double{row(t)[token]} - lse_[t]; }

 private:
  static double log_sum_exp(std::span<const float> logits) {
    const double top = logits[static_cast<size_t>(engine::argmax(logits))];
    double total = 0;
    for (const float logit : logits) total += std::exp(logit - top);
    return top + std::log(total);
  }
  size_t vocab_, positions_ = 0;
  std::vector<float> logits_;  // [T, V]
  std::vector<double> lse_;
};

struct Quality {
  double nll = 0, kld = 0, top1 = 0;
};

Quality compare(const Distribution& reference, const Distribution& candidate,
                std::span<const int32_t> ids) {
  Quality sum;
  for (size_t t = 0; t < reference.positions(); ++t) {
    sum.nll -= candidate.log_probability(t, static_cast<size_t>(ids[t + 1]));
    for (size_t v = 0; v < reference.row(t).size(); ++v) {
      const double p = reference.log_probability(t, v);
      sum.kld += std::exp(p) * (p - candidate.log_probability(t, v));
    }
    sum.top1 += engine::argmax(reference.row(t)) == engine::argmax(candidate.row(t)) ? 1 : 0;
  }
  const auto n = static_cast<double>(reference.positions());
  return {sum.nll / n, sum.kld / n, sum.top1 / n};
}

struct Expected {
  const char *mode, *golden;
  bool same_format;  ///< Else: no worse.
};

TEST(Quality, OfEveryModeIsThatOfThePythonStack) {
  if (default_model().empty()) GTEST_SKIP() << "not run: the default model is not in the cache";
  const auto golden = nlohmann::json::parse(read_file(test_data("smollm2/golden.json")));
  const auto in_mode = [](precision::ModeId mode) {
    return make_ready(default_model(), native_backend(),
                      {.mode = mode, .head = precision::ModeId::fp32});
  };
  Ready fp32 = in_mode(precision::ModeId::fp32);
  const auto ids =
      load_tokenizer(*fp32.checkpoint).encode(read_file(test_data("smollm2/eval_text.txt")));
  const Distribution reference(fp32, ids);
  for (const Expected& expected : {Expected{"bf16", "bf16", false}, Expected{"fp16", "fp16", false},
                                   Expected{"int8", "bnb-int8 (fp32 activations)", false},
                                   Expected{"nf4", "bnb-nf4 (fp32 compute)", true},
                                   Expected{"nf4-dq", "bnb-nf4-dq (fp32 compute)", true},
                                   Expected{"fp4", "bnb-fp4 (fp32 compute)", true},
                                   Expected{"fp4-dq", "bnb-fp4-dq (fp32 compute)", true}}) {
    Ready ready = in_mode(precision::find_mode(expected.mode)->id);
    const Quality ours = compare(reference, Distribution(ready, ids), ids);
    const nlohmann::json* theirs = nullptr;
    for (const auto& row : golden["quality"]["rows"])
      if (row["mode"] == expected.golden) theirs = &row;
    ASSERT_NE(theirs, nullptr) << expected.golden;
    const double kld = (*theirs)["kld_mean"];
    fmt::print("| {} | {:.4g} | {:.4g} | {:.2f} | {:.1f} % | {:.1f} % | {:.2f} | {:.2f} |\n",
               expected.mode, ours.kld, kld, ours.kld / kld, 100 * ours.top1,
               100 * (*theirs)["top1"].get<double>(), std::exp(ours.nll),
               (*theirs)["ppl"].get<double>());
    EXPECT_LE(ours.kld, (expected.same_format ? 1 + kSameFormat : kNoWorse) * kld) << expected.mode;
    EXPECT_GE(ours.kld, (expected.same_format ? 1 - kSameFormat : 0) * kld) << expected.mode;
  }
}

}  // namespace
}  // namespace nety::model
