// Samples into metrics.
#include "bench/rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace nety::bench {

results::Metric percentile(const std::string& unit, std::vector<double> samples, int percent) {
  results::Metric metric;
  metric.unit = unit;
  metric.kind = "derived";
  metric.n = static_cast<int64_t>(samples.size());
  const int64_t needed = 1000 / (100 - percent);
  if (metric.n < needed) {
    metric.reason = fmt::format("p{} needs {} samples, there are {}", percent, needed, metric.n);
    return metric;
  }
  if (!std::all_of(samples.begin(), samples.end(), [](double x) { return std::isfinite(x); })) {
    metric.reason = "samples are not finite numbers";
    return metric;
  }
  std::sort(samples.begin(), samples.end());
  const double place = percent / 100.0 * static_cast<double>(samples.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, samples.size() - 1);
  metric.median =
      samples[below] + (samples[above] - samples[below]) * (place - static_cast<double>(below));
  metric.min = samples.front();
  metric.max = samples.back();
  metric.inputs = {fmt::format("p{} of {} samples", percent, metric.n)};
  return metric;
}

std::vector<double> Row::samples(const std::string& name) const {
  const auto found = samples_.find(name);
  return found == samples_.end() ? std::vector<double>() : found->second.samples;
}

void Row::add(const std::string& name, double sample, const std::string& unit,
              const std::string& kind, std::vector<std::string> inputs) {
  Series& series = samples_[name];
  if (series.samples.empty()) {
    series.unit = unit;
    series.kind = kind;
    series.inputs = std::move(inputs);
  }
  series.samples.push_back(sample);
}

void Row::add_in_turn(int64_t turn, const std::string& name, double sample, const std::string& unit,
                      const std::string& kind, std::vector<std::string> inputs) {
  add(name, sample, unit, kind, std::move(inputs));
  samples_[name].turns.push_back(turn);
}

void Row::set(const std::string& name, results::Metric metric) {
  result_.metrics[name] = std::move(metric);
}

void Row::forget() {
  samples_.clear();
  result_.metrics.clear();
}

void Row::fail(results::Status status, const std::string& reason) {
  if (failed()) return;
  result_.status = status;
  result_.reason = reason;
}

results::Result Row::result() const {
  results::Result result = result_;
  for (const auto& [name, series] : samples_) {
    results::Metric metric = results::summarise(series.unit, series.samples);
    metric.kind = series.kind;
    metric.inputs = series.inputs;
    metric.turns = series.turns;
    result.metrics[name] = std::move(metric);
  }
  return result;
}

}  // namespace nety::bench
