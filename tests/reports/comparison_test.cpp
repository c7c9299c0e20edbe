// Comparisons in every format: what people read, and strings that would break it.
#include "reports/comparison.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "fixtures.h"
#include "reports/escape.h"
#include "reports/render.h"

namespace nety::reports {
namespace {

using results::Comparison;
using results::File;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Comparison slower() {
  Comparison it;
  it.metric = "tg_tps";
  it.mode = "fp32";
  it.backend = "native";
  it.phase = "decode";
  it.n_gen = 128;
  it.gated = true;
  it.margin = 0.02;
  it.verdict = "regression";
  it.baseline = results::exactly("tok/s", 78.9);
  it.candidate = results::exactly("tok/s", 74.6);
  it.ratio = results::derived("ratio", 0.9451, {"candidate", "baseline"});
  it.ratio.ci = {0.939, 0.952};
  it.ratio.ci_level = 0.975;
  it.detectable = 0.018;
  return it;
}

File file_with(std::vector<Comparison> comparisons) {
  File file;
  file.comparisons = std::move(comparisons);
  results::Finding& finding = file.findings.emplace_back();
  finding.id = "compare.protocol";
  finding.title = "Comparison";
  finding.value = "10 pairs, interleaved ABBA, 96 s";
  return file;
}

size_t scripts(const std::string& text) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find("<script", at)) != std::string::npos; ++at) ++count;
  return count;
}

TEST(Comparison, IsOneTableOnATerminal) {
  Comparison memory;
  memory.metric = "weights_bytes";
  memory.mode = "fp32";
  memory.verdict = "same";
  memory.baseline = memory.candidate = results::exactly("bytes", 538e6);
  memory.ratio = results::derived("ratio", 1, {});
  const File file = file_with({slower(), memory});
  const std::string english = terminal_comparison(file, Language::kEnglish);
  EXPECT_THAT(english, StartsWith("10 pairs, interleaved ABBA, 96 s\n"));
  EXPECT_THAT(english, HasSubstr("97.5 % interval"));
  EXPECT_THAT(english, HasSubstr("> tg128 fp32"));
  EXPECT_THAT(english, HasSubstr("-5.5 %"));
  EXPECT_THAT(english, HasSubstr("[-6.1, -4.8]"));
  EXPECT_THAT(english, HasSubstr("REGRESSION (limit 2 %)"));
  EXPECT_THAT(english, HasSubstr("exact"));
  const std::string french = terminal_comparison(file, Language::kFrench);
  EXPECT_THAT(french, HasSubstr("-5,5 %"));
  EXPECT_THAT(french, HasSubstr("[-6,1 ; -4,8]"));
}

TEST(Comparison, IsALineOfCsv) {
  const std::string text = renderer_for("x.csv").render(file_with({slower()}), {});
  EXPECT_THAT(text, HasSubstr("\ntg_tps,fp32,native,decode,0,128,0,1,tok/s,78.9,74.6,0.9451,0.939,"
                              "0.952,0.975,0,0.02,0.018,regression,,\n"));
}

TEST(Comparison, SaysWhatWouldDecide) {
  Comparison open = slower();
  open.verdict = "inconclusive";
  open.more_pairs = 14;
  const Wording words(Language::kEnglish);
  EXPECT_EQ(verdict_of(open, words), "inconclusive (about 14 more pairs would decide)");
  open.more_pairs.reset();
  EXPECT_THAT(verdict_of(open, words), HasSubstr("no practical number"));
  EXPECT_THAT(comparison_headline(file_with({open}), words), HasSubstr("tg128 fp32"));
}

TEST(Comparison, IsATestSuiteForJUnit) {
  Comparison better = slower(), unfit = slower(), informs = slower();
  better.verdict = "improvement";
  unfit.verdict = "incomparable";
  unfit.reason = "the baseline differs from itself";
  informs.gated = false;
  const std::string text =
      renderer_for("x.xml").render(file_with({slower(), better, unfit, informs}), {});
  EXPECT_THAT(text, HasSubstr("tests=\"3\" failures=\"1\" skipped=\"1\""));
  EXPECT_THAT(text, HasSubstr("<failure message=\"tg128 fp32: 78.9 tok/s -&gt; 74.6 tok/s"));
  EXPECT_THAT(text, HasSubstr("the baseline differs from itself"));
}

TEST(Comparison, IsAtMostTenAnnotationsWorstFirst) {
  std::vector<Comparison> many(30, slower());
  many[7].verdict = "improvement";
  for (size_t i = 8; i < many.size(); ++i) many[i].verdict = "same";
  many[8].verdict = "regression";
  many[8].gated = false;
  const std::string text = github_annotations(file_with(many), Language::kEnglish);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9);
  EXPECT_THAT(text, StartsWith("::error title=nety compare::tg128 fp32"));
  EXPECT_THAT(text, HasSubstr("5.5 %25"));
  EXPECT_THAT(
      github_annotations(file_with(std::vector<Comparison>(30, slower())), Language::kEnglish),
      Not(HasSubstr("notice")));
}

TEST(Comparison, KeepsHostileStringsWhereTheyBelong) {
  for (const std::string& hostile : kHostile) {
    Comparison it = slower();
    it.mode = it.metric = it.backend = it.reason = hostile;
    Comparison refused = it;
    refused.verdict = "incomparable";
    File file = file_with({it, refused});
    file.findings[0].value = hostile;
    for (const Renderer& renderer : renderers()) {
      const std::string text = renderer.render(file, {});
      const std::string plain = renderer.render(file_with({slower(), slower()}), {});
      if (renderer.extension == ".html" || renderer.extension == ".xml") {
        EXPECT_EQ(scripts(text), scripts(plain)) << renderer.extension;
      }
      if (!renderer.extension.starts_with(".json")) {
        EXPECT_TRUE(text == printable(text)) << text;
      }
    }
    const std::string lines = github_annotations(file, Language::kEnglish);
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2) << lines;
    const std::string screen = terminal_comparison(file, Language::kEnglish);
    EXPECT_TRUE(screen == printable(screen)) << screen;
  }
}

}  // namespace
}  // namespace nety::reports
