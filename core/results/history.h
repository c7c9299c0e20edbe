// The history of a benchmark: a file with one JSON object per line, one line for each gated figure
// of a comparison. `ci/regression` adds to it, `nety trend` reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/results/change_points.h"
#include "core/results/results.h"

namespace nety::results {

/// One measurement, in the order of the file: later lines are later.
struct HistoryPoint {
  std::string commit, created_utc;
  double value = 0;  ///< The candidate's median.
};

/// The same figure on machines of the same fingerprint. Figures of different machines are different
/// series.
struct HistorySeries {
  std::string machine, metric, mode, unit;
  int64_t n_prompt = 0, n_gen = 0, depth = 0;
  std::vector<HistoryPoint> points;
};

/// The lines for the gated comparisons of a result file, each ending in a newline. Error: kUsage if
/// it has none.
std::string history_lines(const File& file, const std::string& source, const std::string& commit);

/// Series in the order of their first lines. `source` is for messages. Error: kUsage naming the
/// line that is none of a history, or saying that there are none.
std::vector<HistorySeries> read_history(std::string_view text, const std::string& source);

enum class Direction : uint8_t { kWorse, kBetter, kNeither };
/// "worse", "better", "changed"
std::string_view name_of(Direction direction);

/// A series and where it changed.
struct Trend {
  HistorySeries series;
  Segmentation found;

  /// What a change of that size means for the metric; kNeither for a metric with no better.
  Direction direction(double size) const;
  /// The last change for the worse of which later ones have not undone half; null: none.
  const ChangePoint* not_mended() const;
};

/// Change points of every series.
std::vector<Trend> find_trends(std::vector<HistorySeries> history,
                               const ChangePointOptions& options);

}  // namespace nety::results
