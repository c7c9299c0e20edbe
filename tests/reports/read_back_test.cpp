// What other programs read, read back by Python's readers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fixtures.h"
#include "reports/escape.h"
#include "reports/render.h"
#include "tests/reports/by_python.h"

namespace nety::reports {
namespace {

using results::File;
using Table = std::vector<std::vector<std::string>>;

/// Every record's cells.
Table read_csv(const std::string& text) {
  return by_python(
             "json.dump(list(csv.reader(open(path, newline='', encoding='utf-8'), strict=True)), "
             "out)",
             text)
      .get<Table>();
}

/// What a cell holds of a text: no controls, and nothing that a spreadsheet takes for a formula.
std::string cell(const std::string& text) {
  const std::string value = printable(text);
  const bool formula = !value.empty() && std::string("=+-@\t").find(value[0]) != std::string::npos;
  return formula ? "'" + value : value;
}

/// complete_file() with this text wherever a text can stand.
File filled_with(const std::string& text) {
  File file = complete_file();
  file.tool = file.created_utc = text;
  for (results::Machine& machine : file.machines) machine.cpu = text;
  for (results::Model& model : file.models) model.name = model.path = text;
  for (results::Result& row : file.results) {
    row.backend = row.mode = row.kernel = row.reason = text;
    for (auto& [name, metric] : row.metrics) {
      metric.reason = text;
      metric.samples.insert(metric.samples.end(), {NAN, INFINITY, -INFINITY});
      if (name == "tg_tps") metric.median = metric.max = NAN;
    }
  }
  return file;
}

size_t column(const Table& table, const std::string& name) {
  const auto found = std::find(table.at(0).begin(), table.at(0).end(), name);
  EXPECT_NE(found, table.at(0).end()) << name;
  return static_cast<size_t>(found - table.at(0).begin());
}

/// Every cell of those columns holds `text`; every cell of the others is empty, a number or a word
/// of ours, never one that is not finite.
void expect_cells(const Table& table, const std::vector<std::string>& names,
                  const std::string& text) {
  for (size_t i = 1; i < table.size(); ++i) {
    ASSERT_EQ(table[i].size(), table[0].size()) << "record " << i;
    for (const std::string& name : names) EXPECT_EQ(table[i][column(table, name)], cell(text));
    for (const std::string& value : table[i])
      for (const char* bad : {"nan", "-nan", "inf", "-inf"})
        EXPECT_NE(value, bad) << "record " << i;
  }
}

using LlamaBench = ReadBack;
using Csv = ReadBack;

TEST_F(LlamaBench, HasItsColumnsAndRates) {
  const Table table = read_csv(render_llama_bench(complete_file(), {}));
  EXPECT_EQ(table.at(0).size(), 33U);
  EXPECT_EQ(table.at(0)[0], "build_commit");
  EXPECT_EQ(table.at(0)[32], "stddev_ts");
  size_t rates = 1;
  for (const results::Result& row : complete_file().results)
    rates += row.metrics.count("pp_tps") + row.metrics.count("tg_tps");
  EXPECT_EQ(table.size(), rates);
  const size_t rate = column(table, "avg_ts"), time = column(table, "avg_ns");
  const size_t prompt = column(table, "n_prompt"), gen = column(table, "n_gen");
  for (size_t i = 1; i < table.size(); ++i) {
    const std::vector<std::string>& record = table[i];
    const double tokens = std::stod(record[prompt]) + std::stod(record[gen]);
    EXPECT_NEAR(std::stod(record[rate]) * std::stod(record[time]) / tokens, 1e9, 1e7);
  }
}

TEST_F(LlamaBench, SurvivesHostileStringsAndNumbers) {
  for (const std::string& text : kHostile) {
    const Table table = read_csv(render_llama_bench(filled_with(text), {}));
    EXPECT_GT(table.size(), 10U);
    expect_cells(table, {"build_commit", "cpu_info", "backends", "model_filename", "test_time"},
                 text);
    for (size_t i = 1; i < table.size(); ++i)
      EXPECT_EQ(table[i][column(table, "model_type")], cell(text + " " + text));
  }
}

TEST_F(Csv, SurvivesHostileStringsAndNumbers) {
  for (const std::string& text : kHostile) {
    const Table table = read_csv(render_csv(filled_with(text), {}));
    EXPECT_GT(table.size(), 10U);
    expect_cells(table, {"mode", "backend", "kernel", "reason", "metric_reason"}, text);
  }
}

TEST_F(Csv, OfEveryFileHasWholeRecords) {
  for (File (*const make)() : {complete_file, machine_file, fleet_file, failing_file, hostile_file,
                               laptop_file, empty_file}) {
    const Table table = read_csv(render_csv(make(), {}));
    for (const std::vector<std::string>& record : table)
      EXPECT_EQ(record.size(), table.at(0).size());
  }
}

TEST_F(ReadBack, ComparisonsSurviveHostileStrings) {
  for (const std::string& text : kHostile) {
    File file;
    results::Comparison& one = file.comparisons.emplace_back();
    one.metric = one.mode = one.backend = one.phase = one.verdict = one.reason = text;
    one.gated = true;
    const Table table = read_csv(render_csv(file, {}));
    ASSERT_EQ(table.size(), 2U);
    EXPECT_EQ(table[1].size(), table[0].size());
    EXPECT_EQ(table[1][column(table, "reason")], cell(text));
    EXPECT_EQ(structure_of("junit", render_junit(file, {})).at("cases").size(), 1U);
  }
}

}  // namespace
}  // namespace nety::reports
