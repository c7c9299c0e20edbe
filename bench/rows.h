// Rows of results while they are being measured: samples gathered by name, then summarised.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/results/results.h"

namespace nety::bench {

/// The percentile of `samples` by linear interpolation (type 7 of Hyndman & Fan 1996); without a
/// value where they are fewer than 10 / (1 - percent / 100): then its last ten would be guesses.
results::Metric percentile(const std::string& unit, std::vector<double> samples, int percent);

/// One row in the making.
class Row {
 public:
  explicit Row(results::Result key) : result_(std::move(key)) {}

  /// Adds a sample to a metric, made if need be. The first call's unit, kind and inputs count.
  void add(const std::string& name, double sample, const std::string& unit,
           const std::string& kind = "measured", std::vector<std::string> inputs = {});
  /// The same in a turn: samples of other rows of that turn were taken side by side with it.
  void add_in_turn(int64_t turn, const std::string& name, double sample, const std::string& unit,
                   const std::string& kind = "measured", std::vector<std::string> inputs = {});
  /// Sets a metric that is one figure.
  void set(const std::string& name, results::Metric metric);
  /// The row is not what it should be; the first failure counts. Samples it has are kept.
  void fail(results::Status status, const std::string& reason);

  /// Drops all samples and figures.
  void forget();

  results::Result& key() { return result_; }
  const results::Result& key() const { return result_; }
  /// The samples of a metric so far.
  std::vector<double> samples(const std::string& name) const;
  bool failed() const { return result_.status != results::Status::kOk; }
  bool empty() const { return samples_.empty() && result_.metrics.empty(); }
  /// The row so far.
  results::Result result() const;

 private:
  results::Result result_;
  struct Series {
    std::string unit, kind;
    std::vector<std::string> inputs;
    std::vector<double> samples;
    std::vector<int64_t> turns;
  };
  std::map<std::string, Series> samples_;
};

}  // namespace nety::bench
