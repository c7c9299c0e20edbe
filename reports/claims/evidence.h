// A result file seen as configurations: the rows of one mode on one backend side by side.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/results/results.h"

namespace nety::reports {

/// All rows of one machine, model, mode, backend, device, ISA and thread count. Points into the
/// file, which outlives it.
class ConfigurationView {
 public:
  std::vector<const results::Result*> rows;

  const results::Result& key() const { return *rows.front(); }
  const std::string& mode() const { return key().mode; }
  const std::string& backend() const { return key().backend; }
  const std::string& device() const { return key().device; }

  /// ok if every row that was tried is; else the status of the first that is not, and its reason.
  results::Status status() const;
  const std::string& reason() const;
  const std::string& kernel() const;

  /// The metric in the first row of that phase that has it; null if there is none.
  const results::Metric* metric(std::string_view phase, std::string_view name) const;
  /// Its value; none where the metric is missing or has none.
  std::optional<double> value(std::string_view phase, std::string_view name) const;
  /// The decode row that comparisons use: the shallowest that has a rate.
  const results::Metric* decode_rate() const;

 private:
  const results::Result* trouble() const;
};

/// How many times as large a metric is as another: median of the ratios of samples taken in the
/// same rounds, with the exact interval of that median; without samples, from both intervals.
struct Ratio {
  double value = 0;
  std::optional<std::pair<double, double>> ci;
  int64_t n = 0;  ///< Pairs; 0 where the samples are not in the file.
};
std::optional<Ratio> ratio_of(const results::Metric* metric, const results::Metric* to);

class Evidence {
 public:
  explicit Evidence(const results::File& file);

  const results::File& file() const { return file_; }
  const std::vector<ConfigurationView>& configurations() const { return configurations_; }
  /// The configuration of that mode on that backend; of any backend, native first, if it is empty.
  const ConfigurationView* find(std::string_view mode, std::string_view backend = {}) const;
  /// What the policy chose, if the file has a decision and its row.
  const ConfigurationView* chosen() const;
  /// The reference of quality: fp32, native first.
  const ConfigurationView* reference() const { return find("fp32"); }

  const results::Machine* machine() const;
  const results::Model* model() const;
  /// Whether the model's file stores its matrices in a quantised format; none if unknown.
  std::optional<bool> quantised_source() const;

 private:
  const results::File& file_;
  std::vector<ConfigurationView> configurations_;
};

}  // namespace nety::reports
