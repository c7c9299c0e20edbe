#include "bench/slice_plan.h"

#include <algorithm>
#include <cmath>

namespace nety::bench {
namespace {

// Measured on shared machines: the spread of a pair is that of its slices over the root of their
// number, down to 1 % with a hundred slices of 10 ms, so short slices are the better use of time.
constexpr double kDecodeSlice = 0.02, kPrefillSlice = 0.1;  // seconds
constexpr int64_t kShortestPrompt = 64;
constexpr double kUsualTurns = 24, kMostTurns = 100;
constexpr double kTurnsPerPrefill = 2;
constexpr double kMemoryShare = 0.8;  // of what is available

double at_least(double value) { return std::max(value, 1e-6); }

/// Seconds of a pair before its first turn that counts: loads, and a turn to warm up.
double beginning(const SlicePlan& plan, const SliceSpeeds& speeds, const SliceWishes& wishes) {
  const double each =
      speeds.load_s / static_cast<double>(std::max<int64_t>(wishes.renew_every, 1)) +
      speeds.step_s * static_cast<double>(plan.tokens + 2) +
      speeds.prefill_token_s * static_cast<double>(plan.n_prompt);
  return each * static_cast<double>(wishes.programs);
}

/// Seconds of a turn with its share of a prefill; each slice has an untimed step of decode.
double turn(const SlicePlan& plan, const SliceSpeeds& speeds, const SliceWishes& wishes) {
  const double decode = speeds.step_s * static_cast<double>(plan.tokens + 1);
  const double prefill =
      speeds.prefill_token_s * static_cast<double>(plan.n_prompt) + speeds.step_s;
  return (decode + prefill / kTurnsPerPrefill) * static_cast<double>(wishes.programs);
}

}  // namespace

double pair_seconds(const SlicePlan& plan, const SliceSpeeds& speeds, const SliceWishes& wishes) {
  return beginning(plan, speeds, wishes) +
         turn(plan, speeds, wishes) * static_cast<double>(plan.turns);
}

SlicePlan plan_slices(const SliceSpeeds& speeds, const SliceWishes& wishes) {
  SlicePlan plan;
  plan.tokens =
      std::clamp<int64_t>(std::llround(kDecodeSlice / at_least(speeds.step_s)), 1, wishes.n_gen);
  plan.n_prompt = wishes.n_prompt;
  while (!wishes.fixed_prompt && plan.n_prompt / 2 >= kShortestPrompt &&
         speeds.undisturbed_token_s * static_cast<double>(plan.n_prompt) > kPrefillSlice)
    plan.n_prompt /= 2;

  const double first = beginning(plan, speeds, wishes);
  const double each = at_least(turn(plan, speeds, wishes));
  plan.pairs = wishes.most;
  double turns = kUsualTurns;
  if (wishes.budget_s > 0) {
    const double affordable = std::floor(wishes.budget_s / (first + kUsualTurns * each));
    if (!wishes.fixed_pairs)
      plan.pairs = static_cast<int64_t>(std::clamp(affordable, static_cast<double>(wishes.least),
                                                   static_cast<double>(wishes.most)));
    turns = (wishes.budget_s / static_cast<double>(plan.pairs) - first) / each;
    if (!wishes.fixed_pairs) plan.pair_limit_s = wishes.budget_s / static_cast<double>(plan.pairs);
  }
  const double most = wishes.fill_budget ? kMostTurns : kUsualTurns;
  plan.turns = static_cast<int64_t>(std::clamp(turns, static_cast<double>(kFewestTurns), most));
  plan.prefills = plan.turns / static_cast<int64_t>(kTurnsPerPrefill);
  return plan;
}

bool fit_together(int64_t programs, double own_bytes, double peak_bytes, double shared_bytes,
                  double available_bytes) {
  const double needed = own_bytes * static_cast<double>(programs - 1) +
                        std::max(own_bytes, peak_bytes) + shared_bytes;
  return needed <= kMemoryShare * available_bytes;
}

}  // namespace nety::bench
