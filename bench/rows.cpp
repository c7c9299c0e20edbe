// Samples into metrics.
#include "bench/rows.h"

#include <utility>

namespace nety::bench {

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

void Row::set(const std::string& name, results::Metric metric) {
  result_.metrics[name] = std::move(metric);
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
    result.metrics[name] = std::move(metric);
  }
  return result;
}

}  // namespace nety::bench
