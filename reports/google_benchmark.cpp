// Google Benchmark's JSON, for its tools and for services that read it: one iteration entry per
// sample, in nanoseconds per token for rates. Aggregates are left out: readers take them for more
// benchmarks. `caches` is there because Bencher refuses a file without it.

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/printable.h"
#include "reports/escape.h"
#include "reports/render.h"
#include "reports/series.h"

namespace nety::reports {
namespace {

using Json = nlohmann::ordered_json;

/// A sample in nanoseconds, per token for a rate; none if the metric is neither time nor rate.
std::optional<double> nanoseconds(const results::Metric& metric, double sample) {
  if (!std::isfinite(sample) || sample <= 0) return std::nullopt;
  if (metric.unit == "tok/s") return 1e9 / sample;
  if (metric.unit == "s") return sample * 1e9;
  return std::nullopt;
}

Json context_of(const results::File& file) {
  const results::Machine* machine = file.machines.empty() ? nullptr : &file.machines.front();
  return {{"date", file.created_utc},
          {"host_name", machine == nullptr ? "" : machine->id},
          {"executable", file.tool},
          {"num_cpus", machine == nullptr ? 0 : machine->processors},
          {"mhz_per_cpu", 0},
          {"cpu_scaling_enabled", false},
          {"caches", Json::array()},
          {"load_avg", Json::array()},
          {"library_version", file.tool},
          {"library_build_type", "release"},
          {"json_schema_version", 1}};
}

void add_entries(const Series& series, int64_t family, Json& out) {
  for (const auto& [metric_name, metric] : series.row->metrics) {
    if (is_gaps(metric_name)) continue;
    const auto count = static_cast<int64_t>(metric.samples.size());
    const std::string name = one_line(series.name + "/" + metric_name);
    for (int64_t i = 0; i < count; ++i) {
      const double sample = metric.samples[static_cast<size_t>(i)];
      const std::optional<double> time = nanoseconds(metric, sample);
      if (!time) continue;
      Json entry = {{"name", name},
                    {"family_index", family},
                    {"per_family_instance_index", 0},
                    {"run_name", name},
                    {"run_type", "iteration"},
                    {"repetitions", count},
                    {"repetition_index", i},
                    {"threads", std::max(series.row->threads, 1)},
                    {"iterations", 1},
                    {"real_time", *time},
                    {"cpu_time", *time},
                    {"time_unit", "ns"}};
      if (metric.unit == "tok/s") entry["items_per_second"] = sample;
      out.push_back(std::move(entry));
    }
  }
}

}  // namespace

std::string render_google_benchmark(const results::File& file, const ClaimOptions& /*options*/) {
  Json out = {{"context", context_of(file)}, {"benchmarks", Json::array()}};
  int64_t family = 0;
  for (const Series& series : series_of(file)) add_entries(series, family++, out["benchmarks"]);
  return printable_json(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace nety::reports
