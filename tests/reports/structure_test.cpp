// What every report must show, as readers that are not ours find it: sections, claims with their
// verdicts and commands, tables with their columns, rows and values, drawings, findings.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "core/results/json.h"
#include "fixtures.h"
#include "reports/document.h"
#include "reports/escape.h"
#include "reports/render.h"
#include "tests/reports/by_python.h"

namespace nety::reports {
namespace {

using nlohmann::json;
using results::Claim;
using results::File;
using results::Verdict;
using testing::Contains;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Names = std::vector<std::string>;

constexpr Language kLanguages[] = {Language::kEnglish, Language::kFrench};

Names names(const json& list) { return list.get<Names>(); }

/// The values of one member of every entry.
Names members(const json& list, const char* name) {
  Names out;
  for (const json& entry : list) out.push_back(entry.at(name).get<std::string>());
  return out;
}

/// What a section is worth showing for, file by file.
struct Expected {
  const char* name;
  File (*make)();
  Names sections;
  Names drawings;  ///< Of the first subject.
};

const std::vector<Expected>& expected_files() {
  const Names all = {"claims",   "story",   "modes",   "charts",
                     "findings", "machine", "samples", "method"};
  static const std::vector<Expected> kExpected = {
      {"complete",
       complete_file,
       all,
       {"Decode rate against the memory wall", "Speed against quality",
        "Peak memory of each configuration", "Where the load time goes", "How evenly tokens come",
        "Decode rate as the context fills"}},
      {"machine",
       machine_file,
       all,
       {"Decode rate against the memory wall", "Speed against quality",
        "Peak memory of each configuration", "Where the load time goes", "How evenly tokens come"}},
      {"laptop",
       laptop_file,
       {"claims", "story", "modes", "charts", "machine", "samples", "method"},
       {"Decode rate against the memory wall", "Speed against quality",
        "Peak memory of each configuration", "Where the load time goes", "How evenly tokens come"}},
      {"failing",
       failing_file,
       all,
       {"Decode rate against the memory wall", "Peak memory of each configuration",
        "Where the load time goes", "How evenly tokens come"}},
      {"hostile",
       hostile_file,
       all,
       {"Decode rate against the memory wall", "Peak memory of each configuration",
        "Where the load time goes", "How evenly tokens come"}},
      {"fleet",
       fleet_file,
       {"fleet",    "claims",   "story",   "modes",    "charts",    "findings",  "machine",
        "samples",  "claims-2", "story-2", "modes-2",  "charts-2",  "machine-2", "samples-2",
        "claims-3", "story-3",  "modes-3", "charts-3", "machine-3", "samples-3", "method"},
       {"Decode rate against the memory wall", "Speed against quality",
        "Peak memory of each configuration", "Where the load time goes", "How evenly tokens come"}},
      {"empty", empty_file, {"claims", "method"}, {}}};
  return kExpected;
}

using Structure = ReadBack;

TEST_F(Structure, PagesAreWellFormedAndHaveEverySection) {
  for (const Expected& expected : expected_files())
    for (const Language language : kLanguages) {
      SCOPED_TRACE(expected.name);
      const File file = expected.make();
      const json page = structure_of("html", render_html(file, {language, {}}));
      EXPECT_THAT(names(page.at("problems")), IsEmpty());
      EXPECT_EQ(page.at("language"), language == Language::kFrench ? "fr" : "en");
      EXPECT_EQ(page.at("headline").size(), 1U);
      EXPECT_EQ(names(page.at("sections")), expected.sections);
      EXPECT_EQ(page.at("headings").size(), expected.sections.size());
      EXPECT_THAT(names(page.at("headings")), Not(Contains(std::string())));
      ASSERT_EQ(page.at("data").size(), 1U);
      EXPECT_EQ(page.at("data").at(0), json::parse(results::to_json(file)));
    }
}

TEST_F(Structure, MarkdownHasTheSectionsOfThePageButTheSamples) {
  for (const Expected& expected : expected_files()) {
    SCOPED_TRACE(expected.name);
    const File file = expected.make();
    const json text = structure_of("markdown", render_markdown(file, {}));
    EXPECT_THAT(names(text.at("problems")), IsEmpty());
    Names headings = names(structure_of("html", render_html(file, {})).at("headings"));
    std::erase(headings, "The raw samples");
    Names found = names(text.at("headings"));
    std::erase_if(found, [&headings](const std::string& heading) {
      return std::find(headings.begin(), headings.end(), heading) == headings.end();
    });
    EXPECT_EQ(found, headings);
  }
}

/// Id, verdict, statement and command of a claim, as a format shows them.
using Shown = std::tuple<std::string, std::string, std::string, std::string>;

std::vector<Shown> shown_in(const json& structure) {
  std::vector<Shown> out;
  for (const json& claim : structure.at("claims"))
    out.emplace_back(claim.at("id"), claim.at("verdict"), claim.at("statement"),
                     claim.at("command"));
  std::sort(out.begin(), out.end());
  return out;
}

/// The same of what was judged. `word` names a verdict as the format does.
template <class Word>
std::vector<Shown> judged(const std::vector<Claim>& claims, bool numbered, const Word& word) {
  std::map<std::string, int> seen;
  std::vector<Shown> out;
  for (const Claim& claim : claims) {
    const int times = ++seen[claim.id];
    const std::string id =
        numbered && times > 1 ? claim.id + "-" + std::to_string(times) : claim.id;
    out.emplace_back(id, word(claim.verdict), claim.statement, claim.command);
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST_F(Structure, EveryClaimHasItsVerdictAndItsCommandInEveryFormat) {
  for (const Expected& expected : expected_files())
    for (const Language language : kLanguages) {
      SCOPED_TRACE(expected.name);
      const File file = expected.make();
      const ClaimOptions options{language, {}};
      const std::vector<Claim> claims = judge(file, options);
      const Wording words(language);
      EXPECT_EQ(shown_in(structure_of("html", render_html(file, options))),
                judged(claims, true, [](Verdict verdict) {
                  const std::string name(results::name_of(verdict));
                  return name.substr(0, name.find(' '));
                }));
      EXPECT_EQ(
          shown_in(structure_of("markdown", render_markdown(file, options))),
          judged(claims, false, [&words](Verdict verdict) { return words.say(word_of(verdict)); }));
    }
}

TEST_F(Structure, JunitHasACasePerClaimThatFailsWhereItIsRefuted) {
  const std::map<Verdict, const char*> outcomes = {{Verdict::kSupported, "system-out"},
                                                   {Verdict::kRefuted, "failure"},
                                                   {Verdict::kInconclusive, "skipped"},
                                                   {Verdict::kNotTested, "skipped"}};
  for (const Expected& expected : expected_files()) {
    SCOPED_TRACE(expected.name);
    const File file = expected.make();
    const std::vector<Claim> claims = judge(file, {});
    const json suite = structure_of("junit", render_junit(file, {}));
    ASSERT_EQ(suite.at("cases").size(), claims.size());
    std::map<std::string, size_t> counts = {{"failure", 0}, {"skipped", 0}, {"system-out", 0}};
    for (size_t i = 0; i < claims.size(); ++i) {
      const json& one = suite.at("cases").at(i);
      EXPECT_THAT(one.at("name").get<std::string>(), StartsWith(claims[i].id));
      EXPECT_THAT(names(one.at("outcomes")), ElementsAre(outcomes.at(claims[i].verdict)));
      EXPECT_THAT(one.at("text").get<std::string>(), HasSubstr(claims[i].command));
      ++counts[outcomes.at(claims[i].verdict)];
    }
    EXPECT_EQ(suite.at("counts"), (json{{"tests", claims.size()},
                                        {"failures", counts["failure"]},
                                        {"skipped", counts["skipped"]}}));
  }
}

constexpr const char* kComplete[] = {"fp32 native",    "bf16 native",    "stored native",
                                     "nf4 native",     "fp32 torch",     "nf4 cuda",
                                     "fp32 installed", "int8 installed", "nf4 installed"};

Names first_cells(const json& table) {
  Names out;
  for (const json& row : table.at("rows")) out.push_back(row.at(0));
  return out;
}

TEST_F(Structure, TablesHaveTheirColumnsAndARowPerConfiguration) {
  const json tables = structure_of("html", render_html(complete_file(), {})).at("tables");
  ASSERT_EQ(tables.size(), 5U);
  EXPECT_THAT(names(tables.at(0).at("columns")),
              ElementsAre("where", "quantization", "dtype", "stability", "load s", "decode tok/s",
                          "peak memory", "KLD nat"));
  EXPECT_THAT(names(tables.at(1).at("columns")),
              ElementsAre("mode", "status", "kernel", "load s", "to first word s", "pp128 tok/s",
                          "pp512 tok/s", "tg128 tok/s", "tg128 @ d1024 tok/s", "of bandwidth"));
  EXPECT_THAT(names(tables.at(2).at("columns")), ElementsAre("mode", "TTFT s", "with text tok/s"));
  EXPECT_THAT(names(tables.at(3).at("columns")),
              ElementsAre("mode", "peak memory", "weights", "perplexity", "KLD nat", "top-1",
                          "bits/weight"));
  EXPECT_THAT(names(tables.at(4).at("columns")),
              ElementsAre("mode", "workload", "metric", "n", "samples"));
  for (const size_t of_modes : {1U, 2U, 3U}) {
    EXPECT_THAT(first_cells(tables.at(of_modes)), ElementsAreArray(kComplete));
    EXPECT_EQ(tables.at(of_modes).at("marked"), json::array({0})) << "the policy's choice is fp32";
  }
}

TEST_F(Structure, TablesHoldTheMeasuredValues) {
  const json tables = structure_of("html", render_html(complete_file(), {})).at("tables");
  EXPECT_THAT(names(tables.at(0).at("rows").at(1)),
              ElementsAre("CPU before: 8-bit through the installed stack installed", "int8", "fp16",
                          "works 6 rounds", "2.600 n=3", "16.0 [15.8, 16.2] n=6", "1.8 GB",
                          "0.0210 [0.0190, 0.0230] n=2,295"));
  EXPECT_THAT(
      names(tables.at(1).at("rows").at(1)),
      ElementsAre("bf16 native", "ok", "avx512", "0.050 n=3", "0.100 n=2", "1769 [1750, 1786] n=6",
                  "2211 [2188, 2232] n=6", "158 [156, 160] n=6", "131 [130, 132] n=6", "86.7 %"));
  EXPECT_THAT(names(tables.at(2).at("rows").at(1)),
              ElementsAre("bf16 native", "0.058 [0.057, 0.058] n=6", "151 [149, 152] n=6"));
  EXPECT_THAT(
      names(tables.at(3).at("rows").at(1)),
      ElementsAre("bf16 native", "327 MB", "269 MB", "37.8", "0.00125 [0.00115, 0.00135] n=2,295",
                  "97.6 % [97.1, 98.1] n=2,295", "16.0"));
  EXPECT_THAT(names(tables.at(4).at("rows").at(0)),
              ElementsAre("fp32 native", "load", "load_s s", "3", "0.0400 · 0.0440 · 0.0400"));
}

TEST_F(Structure, WhatFailedKeepsItsRowStatusAndReason) {
  const json table = structure_of("html", render_html(failing_file(), {})).at("tables").at(1);
  const std::map<std::string, std::string> statuses = {
      {"bf16 native", "ok"},
      {"fp32 native", "does_not_fit needs 29.0 GB of 22.1 GB available"},
      {"fp16 native", "unsupported native has no fp16"},
      {"int8 native", "crashed ended by SIGSEGV (Segmentation fault)"},
      {"nf4 native", "timeout silent for more than 300 s, killed"},
      {"fp4 native", "error x.gguf: tensor 3 is truncated"},
      {"stored native", "skipped the time budget was spent"},
      {"nf4-dq native", "ok"}};
  std::map<std::string, std::string> found;
  for (const json& row : table.at("rows")) found[row.at(0)] = row.at(1);
  EXPECT_EQ(found, statuses);
}

TEST_F(Structure, FrenchTablesHaveFrenchColumnsAndNumbers) {
  const json tables =
      structure_of("html", render_html(complete_file(), {Language::kFrench, {}})).at("tables");
  EXPECT_THAT(
      names(tables.at(1).at("columns")),
      ElementsAre("mode", "état", "noyau", "chargement s", "au premier mot s", "pp128 tok/s",
                  "pp512 tok/s", "tg128 tok/s", "tg128 @ d1024 tok/s", "de la bande"));
  EXPECT_THAT(names(tables.at(3).at("rows").at(1)),
              ElementsAre("bf16 native", "327 Mo", "269 Mo", "37,8",
                          "0,00125 [0,00115 ; 0,00135] n=2\u00a0295",
                          "97,6 % [97,1 ; 98,1] n=2\u00a0295", "16,0"));
}

TEST_F(Structure, MarkdownHasThePagesTables) {
  const json page = structure_of("html", render_html(complete_file(), {})).at("tables");
  const json text = structure_of("markdown", render_markdown(complete_file(), {})).at("tables");
  ASSERT_EQ(text.size(), 4U) << "all but the samples";
  for (size_t i = 0; i < text.size(); ++i) {
    EXPECT_EQ(text.at(i).at("columns").size(), page.at(i).at("columns").size());
    EXPECT_EQ(text.at(i).at("rows").size(), page.at(i).at("rows").size());
  }
  EXPECT_EQ(text.at(1).at("rows").at(1).at(7), "158 \\[156, 160\\] n=6");
}

TEST_F(Structure, DrawingsShowEveryConfigurationTwice) {
  for (const Expected& expected : expected_files()) {
    SCOPED_TRACE(expected.name);
    const json page = structure_of("html", render_html(expected.make(), {}));
    Names titles = members(page.at("figures"), "title");
    ASSERT_GE(titles.size(), expected.drawings.size());
    titles.resize(expected.drawings.size());
    EXPECT_EQ(titles, expected.drawings);
    for (const json& figure : page.at("figures")) {
      ASSERT_EQ(figure.at("drawings").size(), 2U) << "one for desks, one for phones";
      for (const json& drawing : figure.at("drawings")) {
        EXPECT_EQ(drawing.at("title"), figure.at("title"));
        EXPECT_GT(drawing.at("marks").get<int>(), 0) << figure.at("title");
        EXPECT_FALSE(drawing.at("description").get<std::string>().empty());
        EXPECT_EQ(drawing.at("marks"), figure.at("drawings").at(0).at("marks"));
      }
    }
  }
  const json figures = structure_of("html", render_html(complete_file(), {})).at("figures");
  for (const json& figure : figures) {
    const json& wide = figure.at("drawings").at(0);
    EXPECT_THAT(names(wide.at("labels")), ElementsAreArray(kComplete)) << figure.at("title");
    const int points = figure.at("title") == "Decode rate as the context fills" ? 9 + 2 : 9;
    EXPECT_EQ(wide.at("marks"), points) << figure.at("title");
    for (const char* configuration : kComplete)
      EXPECT_THAT(wide.at("description").get<std::string>(), HasSubstr(configuration));
  }
}

TEST_F(Structure, FindingsComeWorstFirst) {
  const json page = structure_of("html", render_html(failing_file(), {}));
  EXPECT_THAT(members(page.at("findings"), "status"),
              ElementsAre("fail", "warn", "unknown", "absent", "ok"));
  const json text = structure_of("markdown", render_markdown(failing_file(), {}));
  EXPECT_THAT(names(text.at("findings")),
              ElementsAre("- **problem** · probe fail", "- **warning** · probe warn",
                          "- **unknown** · probe unknown", "- **absent** · probe absent",
                          "- **ok** · probe ok"));
}

TEST_F(Structure, AFleetHasALinePerMachineAndAColumnPerSubject) {
  const json tables = structure_of("html", render_html(fleet_file(), {})).at("tables");
  EXPECT_THAT(names(tables.at(0).at("columns")),
              ElementsAre("machine, fingerprint", "model", "threads", "memory available", "GPU",
                          "policy's choice", "its decode tok/s", "best admissible",
                          "its decode tok/s", "the choice is the best"));
  EXPECT_THAT(first_cells(tables.at(0)), ElementsAre("AMD EPYC m1", "Intel Core i5-8250U laptop",
                                                     "Intel Core i5-8250U laptop"));
  EXPECT_THAT(names(tables.at(1).at("columns")),
              ElementsAre("claim", "m1 SmolLM2-135M-Instruct", "laptop SmolLM2-135M-Instruct",
                          "laptop TinyLlama-1.1B"));
  EXPECT_EQ(tables.at(1).at("rows").size(), claim_ids().size());
}

TEST_F(Structure, CsvHasALinePerMetricWithItsMedian) {
  const File file = complete_file();
  const json lines =
      by_python("json.dump(list(csv.DictReader(open(path, newline='', encoding='utf-8'))), out)",
                render_csv(file, {}));
  size_t at = 0;
  for (const results::Result& row : file.results)
    for (const auto& [name, metric] : row.metrics) {
      ASSERT_LT(at, lines.size());
      const json& line = lines.at(at++);
      EXPECT_EQ(line.at("mode"), row.mode);
      EXPECT_EQ(line.at("phase"), row.phase);
      EXPECT_EQ(line.at("metric"), name);
      EXPECT_EQ(line.at("unit"), metric.unit);
      EXPECT_EQ(std::stod(line.at("median").get<std::string>()), metric.median.value());
    }
  EXPECT_EQ(at, lines.size());
}

TEST(Terminal, HasALinePerConfigurationAndTheReasonOfEachFailure) {
  const std::string table = terminal_table(failing_file(), 100, Language::kEnglish);
  for (const char* line :
       {"\n  bf16 native    ok             0.040", "\n  fp32 native    does_not_fit",
        "\n  int8 native: crashed: ended by SIGSEGV (Segmentation fault)\n",
        "\n  stored native: skipped: the time budget was spent\n",
        "\n  nf4-dq native       -      \u22481.2 GB"})
    EXPECT_THAT(table, HasSubstr(line));
  const std::string verdicts = terminal_verdicts(machine_file(), {});
  EXPECT_THAT(verdicts, StartsWith("fp32 (native) works here, but it is not the best"));
  for (const char* line :
       {"\n  supported     On this CPU fp32 is stable. All rounds completed; ",
        "\n  refuted       nf4 predicts as well as fp32. KLD 0.330 [0.280, 0.380]",
        "\n  20 claims were not tested; the report names the command for each.\n"})
    EXPECT_THAT(verdicts, HasSubstr(line));
}

}  // namespace
}  // namespace nety::reports
