// A result file seen as configurations: the rows of one mode on one backend side by side.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/results/paired.h"
#include "core/results/results.h"

namespace nety::reports {

/// All rows of one machine, model, mode, backend, device, ISA and thread count: of one run, or of
/// the newest run and, for phases it lacks, of older ones. Points into the file, which outlives it.
class ConfigurationView {
 public:
  std::vector<const results::Result*> rows;

  const results::Result& key() const { return *rows.front(); }
  const std::string& mode() const { return key().mode; }
  const std::string& backend() const { return key().backend; }
  const std::string& device() const { return key().device; }
  bool on_gpu() const { return !device().empty() && device() != "cpu"; }
  /// "bf16 (native)"
  std::string name() const { return mode() + " (" + backend() + ")"; }

  /// ok if every row that was tried is; else the status of the first that is not, and its reason.
  results::Status status() const;
  const std::string& reason() const;
  const std::string& kernel() const;

  /// The metric in the first row of that phase that has it; null if there is none.
  const results::Metric* metric(std::string_view phase, std::string_view name) const;
  /// Its value; none where the metric is missing or has none.
  std::optional<double> value(std::string_view phase, std::string_view name) const;
  /// The decode row that comparisons use, the shallowest that has a rate, and that rate.
  const results::Result* decode_row() const;
  const results::Metric* decode_rate() const;
  /// The prefill row that they use, of the longest prompt that has a rate, and that rate.
  const results::Result* prefill_row() const;
  const results::Metric* prefill_rate() const;

 private:
  const results::Result* trouble() const;
};

/// A metric divided by another. Paired: the median of the ratios of samples taken in the same
/// turns, with an interval that is valid whenever the turns ended, or in the same rounds, with its
/// exact interval. Otherwise, or without samples: from both medians and intervals.
struct Ratio {
  double value = 0;
  std::optional<std::pair<double, double>> ci;
  int64_t n = 0;               ///< Pairs; 0 where there are none.
  std::vector<double> logs{};  ///< Of pairs taken in turns.
  double pair_s = 0;           ///< What another of those takes; 0: unknown.
};
std::optional<Ratio> ratio_of(const results::Metric* metric, const results::Metric* to,
                              bool paired = true);
/// Of a rate ("tg_tps") in two rows; paired if one run measured both.
std::optional<Ratio> rate_ratio(const results::Result* row, const results::Result* to,
                                const std::string& rate);

/// What is reported on: a model on a machine. Null: the file has none.
struct Subject {
  const results::Machine* machine = nullptr;
  const results::Model* model = nullptr;
};
/// Every pair that has rows, in the order of the rows; the file's first of each if none has.
std::vector<Subject> subjects(const results::File& file);

/// What a file says of one subject.
class Evidence {
 public:
  explicit Evidence(const results::File& file) : Evidence(file, subjects(file).front()) {}
  Evidence(const results::File& file, const Subject& subject);

  const results::File& file() const { return file_; }
  /// The newest of each, in the order of the rows.
  const std::vector<ConfigurationView>& configurations() const { return newest_; }
  /// The configuration of that mode on that backend; of any backend, native first, if it is empty.
  const ConfigurationView* find(std::string_view mode, std::string_view backend = {}) const;
  /// Decode or prefill of `mode` over that of `to`, both on the backend of `configuration`: from
  /// the run that measured `configuration` where it measured `to` too.
  std::optional<Ratio> speed_over(const ConfigurationView& configuration, std::string_view to,
                                  bool prefill = false) const;
  const results::Decision* decision() const;
  /// What the policy chose, if there is a decision and its row.
  const ConfigurationView* chosen() const;

  const results::Machine* machine() const { return subject_.machine; }
  const results::Model* model() const { return subject_.model; }
  /// The findings about this machine.
  const std::vector<const results::Finding*>& findings() const { return findings_; }
  const results::Finding* finding(std::string_view id) const;
  /// Whether the model's file stores its matrices in a quantised format; none if unknown.
  std::optional<bool> quantised_source() const;

 private:
  const results::File& file_;
  Subject subject_;
  std::vector<ConfigurationView> all_, newest_;
  std::vector<const results::Finding*> findings_;
};

}  // namespace nety::reports
