// The schedule against simulated machines of known truth: noise, memory at two speeds, budgets that
// end, and how often a decision is false.
#include "bench/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "core/results/paired.h"
#include "core/results/robust.h"

namespace nety::bench {
namespace {

constexpr double kThreshold = 1 + results::kSpeedMargin;
constexpr double kForever = 1e9;

/// Rates in tokens per second, and what disturbs them.
struct SimulatedMachine {
  std::vector<double> rates{};
  double noise = 0.03;  ///< Standard deviation of a slice's log rate.
  double slowdown = 1;  ///< Everything runs at this share of its rate while a neighbour works ...
  double spell_s = 0;   ///< ... for spells of about this long; 0: no neighbour.
  double outliers = 0;  ///< Share of slices that take three times as long.
  double drift = 0;     ///< Of the log rate, by second.
  double load_s = 1;
  double slice_s = 0.3;

  std::mt19937_64 random{1};
  double now = 0;
  bool busy = false;
  double change_at = 0;

  double take(size_t contender) {
    if (spell_s > 0 && now >= change_at) {
      busy = !busy;
      change_at = now + std::exponential_distribution<double>(1 / spell_s)(random);
    }
    double log = std::normal_distribution<double>(0, noise)(random) + drift * now;
    if (spell_s > 0 && busy) log += std::log(slowdown);
    if (std::uniform_real_distribution<double>()(random) < outliers) log -= std::log(3.0);
    now += slice_s;
    return rates[contender] * std::exp(log);
  }
};

std::vector<Cost> costs_of(const SimulatedMachine& machine, uint64_t bytes = 0) {
  Cost cost;
  cost.load_s = machine.load_s;
  cost.slice_s = {machine.slice_s, machine.slice_s};
  cost.bytes = bytes;
  return std::vector<Cost>(machine.rates.size(), cost);
}

Question ask(size_t candidate, size_t against, int rank = 0, bool choice = false) {
  Question question;
  question.candidate = candidate;
  question.against = against;
  question.threshold = kThreshold;
  question.rank = rank;
  question.choice = choice;
  return question;
}

void take(Schedule& schedule, const Turn& turn, SimulatedMachine& machine) {
  for (const Turn::Part& part : turn.parts) {
    if (!schedule.is_loaded(part.contender)) {
      machine.now += machine.load_s;
      schedule.loaded(part.contender, machine.load_s, 0);
    }
    schedule.add(part, machine.take(part.contender), machine.slice_s);
  }
}

/// Runs until the budget ends or nothing is left to ask. Returns the number of turns.
int run(Schedule& schedule, SimulatedMachine& machine, double budget_s) {
  int turns = 0;
  while (const auto turn = schedule.next(budget_s - machine.now)) {
    take(schedule, *turn, machine);
    ++turns;
  }
  return turns;
}

TEST(Schedule, AnswersWhatDiffersPlainlyWithTheFewestPairs) {
  SimulatedMachine machine{.rates = {100, 25, 48, 66}};
  Schedule schedule(costs_of(machine), {ask(0, 1), ask(2, 1), ask(3, 1), ask(2, 0)});
  EXPECT_EQ(run(schedule, machine, kForever), results::kFewestPairs);
  EXPECT_EQ(schedule.answer(0), Answer::kAbove);
  EXPECT_EQ(schedule.answer(1), Answer::kAbove);
  EXPECT_EQ(schedule.answer(2), Answer::kAbove);
  EXPECT_EQ(schedule.answer(3), Answer::kBelow);
  // What questions share is measured once.
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(schedule.samples(i, SliceKind::kDecode), results::kFewestPairs);
}

TEST(Schedule, GivesWhatIsBeatenBeyondDoubtNoMore) {
  SimulatedMachine machine{.rates = {100, 101, 20}};
  Schedule schedule(costs_of(machine), {ask(1, 0), ask(2, 0)});
  run(schedule, machine, 120);
  EXPECT_EQ(schedule.answer(1), Answer::kBelow);
  EXPECT_EQ(schedule.samples(2, SliceKind::kDecode), results::kFewestPairs);
  EXPECT_GT(schedule.samples(1, SliceKind::kDecode), results::kFewestPairs);
  EXPECT_FALSE(schedule.needed(2));
}

TEST(Schedule, AsksEverythingALittleBeforeItAsksAnythingMore) {
  SimulatedMachine machine{.rates = {100, 101, 50}, .noise = 0.3, .load_s = 20};
  Schedule schedule(costs_of(machine), {ask(1, 0), ask(2, 0)});
  // The second question's candidate is not loaded, and the first one would take all of the time.
  for (const size_t contender : {0U, 1U}) schedule.loaded(contender, 1, 0);
  while (const auto turn = schedule.next(60 - machine.now, kEveryRank, Effort::kFirst))
    take(schedule, *turn, machine);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(schedule.samples(i, SliceKind::kDecode), results::kFewestPairs) << i;
  EXPECT_TRUE(schedule.next(60 - machine.now));
}

TEST(Schedule, GivesWhatQualityRefutedNoMore) {
  SimulatedMachine machine{.rates = {100, 100, 103}};
  Schedule schedule(costs_of(machine), {ask(1, 0, 0, true), ask(2, 0, 0, true)});
  take(schedule, *schedule.next(kForever), machine);
  schedule.refute(2);
  EXPECT_EQ(schedule.answer(1), Answer::kMoot);
  run(schedule, machine, kForever);
  EXPECT_EQ(schedule.samples(2, SliceKind::kDecode), 1);
  EXPECT_EQ(schedule.answer(0), Answer::kBelow);
}

TEST(Schedule, StopsComparingWithAChoiceThatIsOvertaken) {
  SimulatedMachine machine{.rates = {50, 100, 99}};
  Schedule schedule(costs_of(machine), {ask(1, 0, 0, true), ask(2, 0, 2, true), ask(1, 2)});
  while (schedule.answer(0) == Answer::kOpen) take(schedule, *schedule.next(kForever), machine);
  schedule.overtaken(0);
  EXPECT_EQ(schedule.answer(1), Answer::kMoot);
  EXPECT_FALSE(schedule.needed(0));
  EXPECT_TRUE(schedule.needed(1));
}

TEST(Schedule, LeavesOtherEnginesWhatIsLeft) {
  SimulatedMachine machine{.rates = {100, 25, 10}, .load_s = 3};
  Schedule schedule(costs_of(machine), {ask(2, 0, 2, true), ask(1, 0, 0, true)});
  int64_t own = 0;
  while (const auto turn = schedule.next(kForever)) {
    const auto other = [](const Turn::Part& part) { return part.contender == 2; };
    if (std::any_of(turn->parts.begin(), turn->parts.end(), other)) break;
    take(schedule, *turn, machine);
    ++own;
  }
  EXPECT_EQ(own, results::kFewestPairs);
  EXPECT_EQ(schedule.answer(1), Answer::kBelow);
  // Where its load and the fewest pairs do not fit, and nothing else is asked, there is a turn of
  // it only as long as that fits.
  EXPECT_FALSE(schedule.next(3));
  EXPECT_FALSE(schedule.next(4, 2, Effort::kSure));
  EXPECT_TRUE(schedule.next(4));
}

TEST(Schedule, GrantsWishesBetweenTheRanks) {
  SimulatedMachine machine{.rates = {100, 25, 10}};
  Schedule schedule(costs_of(machine), {ask(1, 0, 0), ask(2, 0, 2)});
  schedule.want(0, SliceKind::kPrefill, 3, 1);
  schedule.want(0, SliceKind::kDecode, 4, 1);
  schedule.want(2, SliceKind::kPrefill, 2, 3);
  std::vector<std::pair<size_t, SliceKind>> order;
  while (const auto turn = schedule.next(kForever)) {
    for (const Turn::Part& part : turn->parts)
      if (std::find(order.begin(), order.end(), std::pair(part.contender, part.kind)) ==
          order.end())
        order.emplace_back(part.contender, part.kind);
    take(schedule, *turn, machine);
  }
  EXPECT_EQ(schedule.samples(0, SliceKind::kPrefill), 3);
  EXPECT_EQ(schedule.samples(2, SliceKind::kPrefill), 2);
  ASSERT_EQ(order.size(), 5U);
  EXPECT_EQ(order[2], std::pair(size_t{0}, SliceKind::kPrefill));
  EXPECT_EQ(order[3], std::pair(size_t{2}, SliceKind::kDecode));
  EXPECT_EQ(order[4], std::pair(size_t{2}, SliceKind::kPrefill));
}

TEST(Schedule, AlternatesTheOrderOfTurns) {
  SimulatedMachine machine{.rates = {100, 101}};
  Schedule schedule(costs_of(machine), {ask(1, 0)});
  std::vector<size_t> first;
  for (int i = 0; i < 4; ++i) {
    const auto turn = schedule.next(kForever);
    first.push_back(turn->parts.front().contender);
    take(schedule, *turn, machine);
  }
  EXPECT_EQ(first, (std::vector<size_t>{0, 1, 0, 1}));
}

TEST(Schedule, KeepsToTheBudget) {
  for (const double budget : {2.0, 5.0, 30.0, 60.0}) {
    SimulatedMachine machine{.rates = {100, 102, 103, 40, 12}};
    Schedule schedule(costs_of(machine), {ask(1, 0), ask(2, 0), ask(3, 0), ask(4, 0, 2)});
    run(schedule, machine, budget);
    EXPECT_LE(machine.now, budget + 1e-9);
    if (budget >= 5) {
      EXPECT_GT(machine.now, 0.9 * budget - machine.load_s - 1) << "a tie uses what there is";
    }
  }
}

TEST(Schedule, SaysWhatCannotBeDecidedInTime) {
  SimulatedMachine machine{.rates = {100, 40, 105}};
  const Schedule schedule(costs_of(machine), {ask(1, 0), ask(2, 0)});
  EXPECT_TRUE(schedule.forecast(60).too_long.empty());
  EXPECT_NEAR(schedule.forecast(60).needed_s, 3 + 6 * 3 * 0.3, 1e-9);
  EXPECT_EQ(schedule.forecast(3).too_long.size(), 2U);
}

// From eight pairs: in the median of many machines, what it says is about what it takes.
TEST(Schedule, SaysAboutHowLongADecisionTakes) {
  std::vector<double> quotients;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SimulatedMachine machine{
        .rates = {100, 40, 106}, .noise = 0.05, .random = std::mt19937_64{seed}};
    Schedule schedule(costs_of(machine), {ask(1, 0), ask(2, 0)});
    const auto go_on = [&] {
      const auto turn = schedule.next(kForever);
      if (turn) take(schedule, *turn, machine);
      return turn.has_value();
    };
    for (int i = 0; i < 8; ++i) go_on();
    if (schedule.answer(1) != Answer::kOpen) continue;
    const Forecast forecast = schedule.forecast(0.1);
    ASSERT_EQ(forecast.too_long.size(), 1U);
    EXPECT_EQ(forecast.too_long[0].question, 1U);
    if (!forecast.too_long[0].seconds) continue;
    const double begun = machine.now;
    while (schedule.answer(1) == Answer::kOpen && go_on()) continue;
    quotients.push_back(*forecast.too_long[0].seconds / (machine.now - begun));
  }
  ASSERT_GT(quotients.size(), 20U);
  EXPECT_GT(results::median_of(quotients), 0.25);
  EXPECT_LT(results::median_of(quotients), 4);
}

TEST(Schedule, TakesWhatDoesNotFitTogetherApart) {
  SimulatedMachine machine{.rates = {100, 50, 20}};
  Schedule schedule(costs_of(machine, 10), {ask(1, 0), ask(2, 0)}, 25);
  // Two fit, three do not: the first pair is finished first.
  std::set<size_t> together;
  while (const auto turn = schedule.next(kForever)) {
    together.clear();
    for (const Turn::Part& part : turn->parts) together.insert(part.contender);
    EXPECT_LE(together.size(), 2U);
    EXPECT_FALSE(turn->apart);
    take(schedule, *turn, machine);
  }
  EXPECT_EQ(schedule.answer(0), Answer::kBelow);
  EXPECT_EQ(schedule.answer(1), Answer::kBelow);

  Schedule alone(costs_of(machine, 10), {ask(1, 0)}, 15);
  const auto turn = alone.next(kForever);
  ASSERT_TRUE(turn);
  EXPECT_TRUE(turn->apart);
  ASSERT_EQ(turn->parts.size(), 8U);
  for (size_t i = 1; i < 4; ++i) EXPECT_EQ(turn->parts[i].contender, turn->parts[0].contender);
  EXPECT_NE(turn->parts[4].contender, turn->parts[0].contender);
  EXPECT_EQ(turn->parts[4].turn, turn->parts[0].turn) << "slices pair in their order";
  EXPECT_NEAR(turn->seconds, 8 * 0.3 + 2, 1e-9);
}

TEST(Schedule, GoesOnWithoutWhatFails) {
  SimulatedMachine machine{.rates = {100, 50, 20}};
  Schedule schedule(costs_of(machine), {ask(1, 0), ask(2, 0), ask(2, 1)});
  schedule.drop(1);
  EXPECT_EQ(run(schedule, machine, kForever), results::kFewestPairs);
  EXPECT_EQ(schedule.answer(0), Answer::kMoot);
  EXPECT_EQ(schedule.answer(1), Answer::kBelow);
  EXPECT_EQ(schedule.samples(1, SliceKind::kDecode), 0);
}

TEST(Schedule, KnowsACloseCall) {
  SimulatedMachine machine{.rates = {100, 102, 300}};
  Schedule schedule(costs_of(machine), {ask(1, 0), ask(2, 0)});
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(schedule.is_close_call(0));
    take(schedule, *schedule.next(kForever), machine);
  }
  EXPECT_TRUE(schedule.is_close_call(0));
  EXPECT_TRUE(schedule.is_close_call(1));
  EXPECT_FALSE(schedule.is_close_call(2));
}

/// A machine, and the share of false decisions that its noise allows.
struct Noise {
  const char* name;
  SimulatedMachine machine;
};
std::ostream& operator<<(std::ostream& out, const Noise& noise) { return out << noise.name; }

class UnderNoise : public testing::TestWithParam<Noise> {};

/// How often question 0, of a candidate `ratio` times as fast, ends with which answer.
struct Shares {
  double above = 0, below = 0;
};
Shares shares_of(SimulatedMachine machine, double ratio, double budget, int seeds) {
  Shares shares;
  for (int seed = 1; seed <= seeds; ++seed) {
    machine.rates = {100, 100 * ratio};
    machine.random.seed(static_cast<uint64_t>(seed) * 7919);
    machine.now = machine.change_at = 0;
    Schedule schedule(costs_of(machine), {ask(1, 0)});
    run(schedule, machine, budget);
    shares.above += schedule.answer(0) == Answer::kAbove ? 1.0 / seeds : 0;
    shares.below += schedule.answer(0) == Answer::kBelow ? 1.0 / seeds : 0;
  }
  return shares;
}

// At the margin itself every decision is false, the worst case; 400 runs of 0.05 have a standard
// deviation of 0.011.
TEST_P(UnderNoise, IsSeldomWrongHoweverOftenItLooks) {
  const SimulatedMachine& machine = GetParam().machine;
  const Shares shares = shares_of(machine, kThreshold, 60, 400);
  EXPECT_LE(shares.above + shares.below, 0.05 + 3 * 0.011) << shares.above << " " << shares.below;
}

TEST_P(UnderNoise, DecidesWhatDiffersByMoreThanTheNoise) {
  const SimulatedMachine& machine = GetParam().machine;
  EXPECT_NEAR(shares_of(machine, 1.7, 30, 100).above, 1, 1e-9);
  EXPECT_NEAR(shares_of(machine, 0.6, 30, 100).below, 1, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, UnderNoise,
    testing::Values(Noise{"Quiet", {.noise = 0.01}}, Noise{"Noisy", {.noise = 0.06}},
                    Noise{"TwoSpeedMemory", {.noise = 0.03, .slowdown = 0.6, .spell_s = 2}},
                    Noise{"Outliers", {.noise = 0.03, .outliers = 0.1}},
                    Noise{"Drift", {.noise = 0.03, .drift = -0.005}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Schedule, CallsATieATieInMinutes) {
  SimulatedMachine machine;
  machine.noise = 0.02;
  EXPECT_GE(shares_of(machine, 1.0, 240, 100).below, 0.9);
}

}  // namespace
}  // namespace nety::bench
