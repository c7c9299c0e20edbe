// Observations of two programs, figure by figure, and the verdicts on them. Private to compare.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/compare.h"

namespace nety::bench {

/// The values of one figure, pair by pair.
struct Series {
  FigureKey key;
  std::string unit;
  std::vector<double> baseline, candidate, ratios;
  std::string obstacle{};  ///< Why the two must not be compared: "unit: tok/s, tok/ms".
};

class PairedSeries {
 public:
  /// Adds a pair; figures that only one of the two has are counted, not compared.
  void add(const Observation& baseline, const Observation& candidate);
  /// Adds a whole series of values, whose ratios are taken pair by pair.
  void add(Series series);

  /// Verdicts on every figure, the gated ones first. `looks` for the noisy ones; none: each is
  /// looked at once, with as many samples as it has.
  std::vector<results::Comparison> judge(const CompareRequest& request,
                                         const std::optional<results::Looks>& looks) const;

 private:
  /// The row that a gate means: of the mode asked for, the longest prompt, the shortest depth.
  const Series* find(const std::string& metric, const std::string& mode) const;
  std::vector<Series> all_;
};

/// Whether no gated verdict is inconclusive.
bool decided(const std::vector<results::Comparison>& comparisons);

}  // namespace nety::bench
