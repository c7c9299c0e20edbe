// Where a series of figures changes its level: for the history of a benchmark, a value per commit.
//
// The logarithms are cut into pieces, each level or steadily drifting, such that squared residuals
// plus a price for every piece are least (optimal partitioning: Jackson et al. 2005; the price is
// thrice ln n, above that of the BIC). Single outliers are set aside first, and where residuals of
// neighbours are alike (AR(1)) the noise counts for more. A border between two pieces is a change
// point if a permutation test says so, as in E-divisive (Matteson & James 2014) and its use on
// benchmarks (Fleming et al. 2023, "Hunter"). docs/trend.md has what it finds against those.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace nety::results {

struct ChangePointOptions {
  double margin = 0.005;   ///< Changes smaller than this share do not matter.
  double alpha = 0.01;     ///< Of the permutation test of one change point.
  int permutations = 999;  ///< Reproducible: the seed is fixed.
};

/// The level changed between two neighbours. Sizes are shares: -0.05 is 5 % less.
struct ChangePoint {
  size_t index = 0;  ///< Of the first value after it.
  /// It lies with 95 % at one of these (first value after it; Hansen 2000, equation 12).
  size_t earliest = 0, latest = 0;
  double before = 0, after = 0;          ///< Levels on both sides of it, in the values' unit.
  double size = 0;                       ///< after / before - 1
  std::pair<double, double> interval{};  ///< Of the size, 95 %.
  double p = 1;                          ///< Of the permutation test.
};

/// Values between two change points.
struct Piece {
  size_t begin = 0, end = 0;   ///< Half open.
  double first = 0, last = 0;  ///< The level at both ends; equal unless it drifts.
  bool drifts = false;         ///< A straight line explains it better than any steps.
};

struct Segmentation {
  std::vector<ChangePoint> changes;  ///< In order.
  std::vector<Piece> pieces;         ///< One more than changes.
  std::vector<size_t> outliers;      ///< Values far from their neighbours on both sides.
  double noise = 0;                  ///< Standard deviation of a value about its piece, as a share.
  double correlation = 0;  ///< Of neighbours' residuals; 0 where there is none to speak of.
};

/// At least so many values are on either side of a change point: fewer may be outliers.
inline constexpr size_t kLeastPiece = 3;

/// `values` are positive and finite. Time grows with the square of their number: 1,000 take a
/// fraction of a second, 5,000 some seconds.
Segmentation find_change_points(std::span<const double> values,
                                const ChangePointOptions& options = {});

}  // namespace nety::results
