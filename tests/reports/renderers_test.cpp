// Every renderer on fixed results: valid in its format whatever the strings hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/results/json.h"
#include "fixtures.h"
#include "reports/escape.h"
#include "reports/render.h"
#include "reports/series.h"
#include "tests/paths.h"
#include "tests/schema.h"

namespace nety::reports {
namespace {

using results::File;

struct NamedFile {
  const char* name;
  File (*make)();
};
constexpr NamedFile kFiles[] = {{"complete", complete_file}, {"machine", machine_file},
                                {"fleet", fleet_file},       {"failing", failing_file},
                                {"hostile", hostile_file},   {"laptop", laptop_file},
                                {"empty", empty_file}};

class EveryRenderer : public ::testing::TestWithParam<size_t> {
 protected:
  const Renderer& renderer() const { return renderers()[GetParam()]; }
};

INSTANTIATE_TEST_SUITE_P(Renderers, EveryRenderer, ::testing::Range<size_t>(0, renderers().size()),
                         [](const auto& test) {
                           std::string name(renderers()[test.param].extension.substr(1));
                           std::replace_if(
                               name.begin(), name.end(), [](char c) { return !std::isalnum(c); },
                               '_');
                           return name;
                         });

TEST_P(EveryRenderer, RendersEveryFileInBothLanguages) {
  for (const NamedFile& file : kFiles)
    for (const Language language : {Language::kEnglish, Language::kFrench}) {
      ClaimOptions options;
      options.language = language;
      const std::string text = renderer().render(file.make(), options);
      EXPECT_FALSE(text.empty());
      // In JSON the controls from U+007F on may stand as they are.
      const bool json = renderer().extension.find(".json") != std::string_view::npos;
      EXPECT_TRUE(json || text == printable(text)) << "controls or bad UTF-8 in " << file.name;
      EXPECT_EQ(text.back(), '\n');
    }
}

TEST_P(EveryRenderer, IsFoundByItsExtension) {
  EXPECT_EQ(&renderer_for("a/b.c" + std::string(renderer().extension)), &renderer());
}

TEST(Renderers, RefuseAnUnknownExtension) {
  for (const char* path : {"a.pdf", "json", "", "a."}) try {
      renderer_for(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(error.hint().find(".html"), std::string::npos);
    }
}

TEST(Terminal, FitsItsWidthAndHasNoControls) {
  for (const size_t width : {40U, 80U, 120U, 200U}) {
    const std::string table = terminal_table(machine_file(), width, Language::kFrench);
    for (size_t start = 0; start < table.size();) {
      const size_t end = table.find('\n', start);
      EXPECT_LE(width_of(table.substr(start, end - start)), width);
      start = end + 1;
    }
  }
  const std::string hostile = terminal_table(hostile_file(), 100, Language::kEnglish);
  EXPECT_EQ(hostile.find('\x1b'), std::string::npos);
}

TEST(Json, IsValidAndRoundTrips) {
  for (const NamedFile& file : kFiles) {
    const std::string text = render_json(file.make(), {});
    EXPECT_TRUE(nlohmann::json::accept(text)) << file.name;
    EXPECT_EQ(results::to_json(results::from_json(text, file.name)), text) << file.name;
    EXPECT_EQ(results::problems_of(text), std::vector<std::string>{}) << file.name;
  }
}

TEST(JsonLines, AreWhatTheSchemaDescribes) {
  for (const NamedFile& file : kFiles)
    EXPECT_EQ(results::problems_of_lines(render_json_lines(file.make(), {})),
              std::vector<std::string>{})
        << file.name;
}

TEST(JsonLines, HoldOneEntryEach) {
  const File file = machine_file();
  const std::string text = render_json_lines(file, {});
  size_t count = 0, results = 0;
  for (size_t start = 0; start < text.size(); ++count) {
    const size_t end = text.find('\n', start);
    const nlohmann::json line = nlohmann::json::parse(text.substr(start, end - start));
    if (line.at("type") == "result") ++results;
    start = end + 1;
  }
  EXPECT_EQ(results, file.results.size());
  EXPECT_EQ(count, 1 + file.results.size() + file.findings.size());
  EXPECT_EQ(nlohmann::json::parse(result_line(file.results[0])).at("mode"), "fp32");
}

/// Whatever the strings hold, every export stays readable by its own reader, and no number in it is
/// NaN or infinite.
TEST(Exports, SurviveHostileStringsAndNumbers) {
  for (const NamedFile& file : kFiles) {
    File data = file.make();
    for (results::Result& row : data.results)
      row.metrics["tg_tps"].samples = {NAN, INFINITY, -1, 0, 80};
    for (const auto render :
         {render_google_benchmark, render_bencher, render_github_bigger, render_github_smaller})
      EXPECT_TRUE(nlohmann::json::accept(render(data, {}))) << file.name;
    const std::string text = render_benchstat(data, {});
    for (const char* bad : {"nan", "inf"})
      EXPECT_EQ(text.find(std::string(" ") + bad + " "), std::string::npos) << file.name;
    for (size_t start = 0; start < text.size();) {
      const size_t end = text.find('\n', start);
      const std::string line = text.substr(start, end - start);
      if (line.starts_with("Benchmark")) {
        EXPECT_EQ(line.find(' '), line.find(" 1 ")) << line;  // the name has no spaces
      }
      start = end + 1;
    }
  }
}

TEST(GoogleBenchmark, HasOneIterationPerSampleAndTheContextThatReadersAskFor) {
  const File file = complete_file();
  const nlohmann::json json = nlohmann::json::parse(render_google_benchmark(file, {}));
  EXPECT_TRUE(json.at("context").at("caches").is_array());
  EXPECT_TRUE(json.at("context").contains("library_version"));
  size_t samples = 0;
  for (const results::Result& row : file.results)
    for (const auto& entry : row.metrics)
      if (!is_gaps(entry.first) && (entry.second.unit == "tok/s" || entry.second.unit == "s"))
        samples += entry.second.samples.size();
  EXPECT_EQ(json.at("benchmarks").size(), samples);
  for (const nlohmann::json& entry : json.at("benchmarks")) {
    EXPECT_EQ(entry.at("run_type"), "iteration");
    if (!entry.contains("items_per_second")) continue;
    EXPECT_NEAR(entry.at("real_time").get<double>() * entry.at("items_per_second").get<double>(),
                1e9, 1);
  }
}

TEST(Bencher, HasIntervals) {
  const nlohmann::json json = nlohmann::json::parse(render_bencher(complete_file(), {}));
  bool any = false;
  for (const auto& [name, measures] : json.items()) {
    EXPECT_EQ(name.find(' '), std::string::npos);
    if (!measures.contains("tg_tps")) continue;
    const nlohmann::json& rate = measures.at("tg_tps");
    EXPECT_LE(rate.at("lower_value").get<double>(), rate.at("value").get<double>());
    EXPECT_GE(rate.at("upper_value").get<double>(), rate.at("value").get<double>());
    any = true;
  }
  EXPECT_TRUE(any);
}

TEST(GithubAction, SharesEveryMetricBetweenItsTwoFiles) {
  const auto count = [](const std::string& text) { return nlohmann::json::parse(text).size(); };
  size_t metrics = 0;
  for (const results::Result& row : complete_file().results)
    for (const auto& entry : row.metrics) metrics += entry.second.median.has_value();
  EXPECT_EQ(count(render_github_bigger(complete_file(), {})) +
                count(render_github_smaller(complete_file(), {})),
            metrics);
}

TEST(Html, IsSelfContained) {
  for (const NamedFile& file : {kFiles[0], kFiles[2]}) {
    const std::string page = render_html(file.make(), {});
    EXPECT_LT(page.size(), 1'000'000U) << file.name;
    for (const char* outside : {"http://", "https://", " src=", "@import", "url(", "fetch("})
      EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
}

TEST(Html, EscapesHostileText) {
  std::string page = render_html(hostile_file(), {});
  const size_t data = page.find("<script type=\"application/json\"");
  const std::string json = page.substr(page.find('>', data) + 1);
  EXPECT_EQ(json.find('<'), json.find("</script>"));
  EXPECT_TRUE(nlohmann::json::accept(json.substr(0, json.find("</script>"))));
  page.erase(data);
  for (const std::string& text : kHostile) {
    if (text.find('<') == std::string::npos) continue;
    EXPECT_EQ(page.find(text), std::string::npos) << text;
    EXPECT_NE(page.find(escape_html(text)), std::string::npos) << text;
  }
}

TEST(Markdown, StaysWithinGithubsLimits) {
  for (const NamedFile& file : kFiles)
    EXPECT_LT(render_markdown(file.make(), {}).size(), 64U * 1024);
}

TEST(WriteReport, WritesThreeFilesAndJudges) {
  const std::filesystem::path folder =
      std::filesystem::path(::testing::TempDir()) / "nety-report-test" / "deep";
  File file = machine_file();
  const std::vector<std::filesystem::path> paths = write_report(file, folder, {});
  ASSERT_EQ(paths.size(), 3U);
  for (const std::filesystem::path& path : paths) EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(results::from_json(read_file(paths[0]), "report.json").claims.size(),
            claim_ids().size());
  std::filesystem::remove_all(folder.parent_path());
}

TEST(WriteReport, NamesTheFolderItCannotMake) {
  File file;
  try {
    write_report(file, "/dev/null/x", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    EXPECT_NE(std::string(error.what()).find("/dev/null/x"), std::string::npos);
  }
}

}  // namespace
}  // namespace nety::reports
