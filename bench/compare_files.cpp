// Two result files: the same figures, sample by sample, where machine and model are the same.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "bench/compare.h"
#include "bench/compare_series.h"
#include "core/base/words.h"

namespace nety::bench {
namespace {

using results::Comparison;
using results::File;
using results::Metric;
using results::Result;

bool same_row(const Result& one, const Result& other) {
  const auto key = [](const Result& row) {
    return FigureKey{"", row.mode, row.backend, row.phase, row.n_prompt, row.n_gen, row.depth};
  };
  return key(one) == key(other);
}

std::vector<double> values_of(const Metric& metric) {
  if (!metric.samples.empty() || !metric.median) return metric.samples;
  return {*metric.median};
}

/// How a program that is no release build calls itself: "Debug" of "nety 0.1.0 (Debug)".
std::string build_of(const std::string& tool) {
  const size_t open = tool.find('(');
  return open == std::string::npos ? "Release" : tool.substr(open + 1, tool.rfind(')') - open - 1);
}

/// Why the files must not be compared; empty: nothing speaks against it.
std::string obstacle(const File& one, const File& other) {
  if (one.machines.empty() || other.machines.empty()) return "a file does not say which machine";
  const results::Machine &first = one.machines.front(), &second = other.machines.front();
  if (first.id != second.id) {
    const std::string what = differences(first, second);
    return fmt::format("different machines ({})",
                       what.empty() ? fmt::format("{}, {}", first.id, second.id) : what);
  }
  if (one.models.empty() || other.models.empty()) return "a file does not say which model";
  if (one.models.front().id != other.models.front().id)
    return fmt::format("different models ({}, {})", one.models.front().id, other.models.front().id);
  if (build_of(one.tool) != build_of(other.tool))
    return fmt::format("different builds ({}, {})", build_of(one.tool), build_of(other.tool));
  return "";
}

/// What makes speed and differs between two runs of one row: "threads: 2, 4; isa: avx2, scalar".
std::string conditions_that_differ(const Result& one, const Result& other) {
  std::string out;
  const auto compare = [&out](std::string_view name, const auto& first, const auto& second) {
    if (first == second) return;
    out += fmt::format("{}{}: {}, {}", out.empty() ? "" : "; ", name, first, second);
  };
  compare("threads", one.threads, other.threads);
  compare("isa", one.isa, other.isa);
  compare("device", one.device, other.device);
  const auto condition = [](const Result& row, const std::string& name) {
    const auto found = row.conditions.find(name);
    return found == row.conditions.end() ? std::string("as usual") : found->second;
  };
  std::set<std::string> names;
  for (const Result* row : {&one, &other})
    for (const auto& [name, value] : row->conditions) names.insert(name);
  for (const std::string& name : names)
    if (name != "threads" && name != "isa" && name != "device")
      compare(name, condition(one, name), condition(other, name));
  return out;
}

/// The other file's run of that row: one under the same conditions if there is one.
const Result* twin_of(const Result& row, const File& other) {
  const Result* found = nullptr;
  for (const Result& twin : other.results) {
    if (!same_row(row, twin)) continue;
    if (conditions_that_differ(row, twin).empty()) return &twin;
    if (found == nullptr) found = &twin;
  }
  return found;
}

void pair_up(const Result& one, const Result& other, PairedSeries& pairs, int64_t& count) {
  const std::string conditions = conditions_that_differ(one, other);
  for (const auto& [name, metric] : one.metrics) {
    const auto twin = other.metrics.find(name);
    if (results::find_compared(name) == nullptr || twin == other.metrics.end()) continue;
    Series series{{name, one.mode, one.backend, one.phase, one.n_prompt, one.n_gen, one.depth},
                  metric.unit,
                  values_of(metric),
                  values_of(twin->second),
                  {},
                  conditions};
    if (metric.unit != twin->second.unit)
      series.obstacle += fmt::format("{}unit: {}, {}", conditions.empty() ? "" : "; ", metric.unit,
                                     twin->second.unit);
    const size_t common = std::min(series.baseline.size(), series.candidate.size());
    series.baseline.resize(common);
    series.candidate.resize(common);
    count = std::max(count, static_cast<int64_t>(common));
    if (common > 0) pairs.add(std::move(series));
  }
}

}  // namespace

std::string differences(const results::Machine& one, const results::Machine& other) {
  std::string out;
  const auto compare = [&out](std::string_view name, const auto& first, const auto& second) {
    if (first == second) return;
    append_word(out, fmt::format("{}: {}, {}", name, first, second), "; ");
  };
  const auto quota = [](const results::Machine& machine) {
    const std::optional<double>& limit = machine.cpu_budget.quota;
    return limit ? fmt::format("{:.2f}", *limit) : std::string("none");
  };
  const auto gib = [](uint64_t bytes) { return (bytes + (uint64_t{1} << 29)) >> 30; };
  compare("cpu", one.cpu, other.cpu);
  compare("features", joined(one.features, " "), joined(other.features, " "));
  compare("threads", one.cpu_budget.threads, other.cpu_budget.threads);
  compare("quota", quota(one), quota(other));
  compare("memory in GiB", gib(one.memory_total_bytes), gib(other.memory_total_bytes));
  compare("kernel", one.kernel, other.kernel);
  return out;
}

ComparedPrograms compare_files(const File& baseline, const File& candidate,
                               const CompareRequest& request) {
  check(request);
  ComparedPrograms out;
  PairedSeries pairs;
  for (const Result& row : baseline.results)
    if (const Result* twin = twin_of(row, candidate)) pair_up(row, *twin, pairs, out.pairs);
  CompareRequest named = request;
  if (named.mode.empty() && baseline.decision) named.mode = baseline.decision->mode;
  out.comparisons = pairs.judge(named, std::nullopt);
  const std::string why = obstacle(baseline, candidate);
  if (why.empty()) return out;
  for (Comparison& comparison : out.comparisons) {
    comparison.verdict = results::name_of(results::Change::kIncomparable);
    comparison.reason = why;
  }
  return out;
}

}  // namespace nety::bench
