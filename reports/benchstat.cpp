// Go's benchmark format, which benchstat compares: one line per sample, the metrics' own names as
// units, and a line for each unit that says which way is better.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "reports/escape.h"
#include "reports/render.h"
#include "reports/series.h"

namespace nety::reports {
namespace {

/// A line per sample index, with every metric's sample at that index.
std::string lines_of(const Series& series) {
  size_t most = 0;
  for (const auto& [name, metric] : series.row->metrics)
    if (!is_gaps(name)) most = std::max(most, metric.samples.size());
  std::string out;
  for (size_t i = 0; i < most; ++i) {
    std::string values;
    for (const auto& [name, metric] : series.row->metrics)
      if (!is_gaps(name) && i < metric.samples.size() && std::isfinite(metric.samples[i]))
        values += fmt::format(" {} {}", metric.samples[i], one_line(name));
    if (!values.empty())
      out += fmt::format("BenchmarkNety/{}-{} 1{}\n", one_line(series.name),
                         std::max(series.row->threads, 1), values);
  }
  return out;
}

}  // namespace

std::string render_benchstat(const results::File& file, const ClaimOptions& /*options*/) {
  std::string out = fmt::format("pkg: {}\n", one_line(file.tool));
  if (!file.machines.empty()) out += fmt::format("cpu: {}\n", one_line(file.machines.front().cpu));
  std::map<std::string, bool> units;
  for (const results::Result& row : file.results)
    for (const auto& [name, metric] : row.metrics)
      if (!is_gaps(name) && !metric.samples.empty())
        units[one_line(name)] = bigger_is_better(metric);
  for (const auto& [unit, bigger] : units)
    out += fmt::format("Unit {} better={}\n", unit, bigger ? "higher" : "lower");
  for (const Series& series : series_of(file)) out += lines_of(series);
  return out;
}

}  // namespace nety::reports
