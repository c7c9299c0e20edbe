// Claims on rates that were measured in turns: pairs of the same turn, ties, and what an open claim
// says it would take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "reports/claims/claims.h"
#include "tests/reports/fixtures.h"

namespace nety::reports {
namespace {

using results::Verdict;
using ::testing::HasSubstr;

results::Metric in_turns(const std::vector<double>& samples, const std::vector<int64_t>& turns) {
  results::Metric metric = results::summarise("tok/s", samples);
  metric.turns = turns;
  return metric;
}

/// Rates of bf16 by turn; fp32 had a hundred in every one of them, and in many others where it was
/// a third as fast.
results::File file_of(const std::vector<double>& bf16) {
  results::File file = bare_file();
  add_configuration(file, {.mode = "fp32", .reference = true});
  add_configuration(file, {.mode = "bf16", .kld = 0.001, .top1 = 0.98});
  decide_for(file, "fp32");
  std::vector<int64_t> turns, all;
  std::vector<double> rates;
  for (size_t i = 0; i < bf16.size(); ++i) {
    turns.push_back(static_cast<int64_t>(2 * i));
    all.insert(all.end(), {static_cast<int64_t>(2 * i), static_cast<int64_t>(2 * i + 1)});
    rates.push_back(100);
    rates.push_back(33);
  }
  for (results::Result& row : file.results) {
    if (row.phase != "decode") continue;
    row.metrics["tg_tps"] = row.mode == "bf16" ? in_turns(bf16, turns) : in_turns(rates, all);
    row.metrics["slice_s"] = results::exactly("s", 0.5);
  }
  return file;
}

results::Claim claim_of(const results::File& file, const std::string& id,
                        Language language = Language::kEnglish) {
  for (const results::Claim& claim : judge(file, {.language = language, .admissible = {}}))
    if (claim.id == id) return claim;
  ADD_FAILURE() << id;
  return {};
}

TEST(ClaimsInTurns, PairOnlyWhatWasMeasuredInTheSameTurn) {
  const results::Claim claim = claim_of(file_of({150, 151, 149, 150, 152, 150}), "bf16-faster");
  EXPECT_EQ(claim.verdict, Verdict::kSupported);
  EXPECT_THAT(claim.evidence, HasSubstr("1.50×"));
  EXPECT_THAT(claim.evidence, HasSubstr("(n=6)"));
  EXPECT_EQ(claim.command, "");
}

TEST(ClaimsInTurns, NeedSixPairs) {
  const results::Claim claim = claim_of(file_of({150, 151, 149, 150, 152}), "bf16-faster");
  EXPECT_EQ(claim.verdict, Verdict::kInconclusive);
  EXPECT_THAT(claim.sensitivity, HasSubstr("about 1 more pairs of slices decide, 1.0 s"));
  EXPECT_THAT(claim.command, HasSubstr("nety report --budget "));
}

TEST(ClaimsInTurns, CallATieATie) {
  const std::vector<double> equal = {100, 101, 99, 100.5, 99.5, 100, 101, 99};
  const results::Claim faster = claim_of(file_of(equal), "bf16-faster");
  EXPECT_EQ(faster.verdict, Verdict::kRefuted);
  EXPECT_THAT(faster.evidence, HasSubstr("A tie: the two differ by less than the margin."));
  const results::Claim best = claim_of(file_of(equal), "best-admissible");
  EXPECT_EQ(best.verdict, Verdict::kSupported);
  EXPECT_THAT(best.evidence, HasSubstr("bf16 (native) is as fast, within the margin: a tie."));
  // Plainly slower is no tie.
  const results::Claim slower = claim_of(file_of({70, 71, 72, 70, 71, 69}), "bf16-faster");
  EXPECT_EQ(slower.verdict, Verdict::kRefuted);
  EXPECT_THAT(slower.evidence, testing::Not(HasSubstr("tie")));
}

TEST(ClaimsInTurns, SayWhatWouldDecide) {
  const std::vector<double> near = {100, 108, 103, 111, 99, 107, 104, 110, 97, 106};
  const results::Claim faster = claim_of(file_of(near), "bf16-faster");
  EXPECT_EQ(faster.verdict, Verdict::kInconclusive);
  EXPECT_THAT(faster.sensitivity, HasSubstr("The interval contains the margin: about "));
  EXPECT_THAT(faster.command, HasSubstr("nety report --budget "));
  const results::Claim best = claim_of(file_of(near), "best-admissible");
  EXPECT_EQ(best.verdict, Verdict::kInconclusive);
  EXPECT_THAT(best.sensitivity, HasSubstr("bf16 (native) is not decided. The interval"));
  EXPECT_THAT(claim_of(file_of(near), "bf16-faster", Language::kFrench).sensitivity,
              HasSubstr("paires de tranches de plus"));
  std::vector<double> on_the_margin;
  for (int i = 0; i < 40; ++i) on_the_margin.push_back(102 + (i % 2 == 0 ? 15 : -15));
  EXPECT_THAT(claim_of(file_of(on_the_margin), "bf16-faster").sensitivity,
              HasSubstr("so near to the margin that 1000 pairs"));
}

TEST(ClaimsInTurns, SayHowLongTextTakesThatWasNotScored) {
  results::File file = file_of({150, 151, 149, 150, 152, 150});
  for (results::Result& row : file.results) {
    if (row.phase == "quality" && row.mode == "bf16") row.metrics.clear();
    if (row.phase == "prefill") row.metrics["pp_tps"] = in_turns({128, 128, 128}, {0, 2, 4});
  }
  // Six windows of 256 tokens at half as much time again: 18 s for each of the two.
  const char* const said = "before six windows of text were scored for bf16 (native): about 36.0 s";
  const results::Claim as_good = claim_of(file, "bf16-as-good");
  EXPECT_EQ(as_good.verdict, Verdict::kNotTested);
  EXPECT_THAT(as_good.evidence, HasSubstr(said));
  EXPECT_EQ(as_good.command, "nety report --budget 210s");
  const results::Claim best = claim_of(file, "best-admissible");
  EXPECT_EQ(best.verdict, Verdict::kInconclusive);
  EXPECT_THAT(best.sensitivity, HasSubstr(said));
}

}  // namespace
}  // namespace nety::reports
