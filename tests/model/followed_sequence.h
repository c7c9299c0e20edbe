// The reference of a sequence that a backend runs, by the backend's choice of experts: where two of
// them are nearly as good, rounding may choose either, and all that follows is another model's. So
// the reference tries both and goes on with the one that the logits show.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "tests/model/reference_forward.h"

namespace nety::model::reference {

/// The largest difference of logits, as a share of their root mean square; infinite where one is no
/// finite number.
inline double error_of(std::span<const float> found, const Values& expected) {
  double squares = 0, worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(found[i])) return std::numeric_limits<double>::infinity();
    squares += expected[i] * expected[i];
    worst = std::max(worst, std::abs(double{found[i]} - expected[i]));
  }
  return worst / std::sqrt(squares / static_cast<double>(expected.size()));
}

class FollowedSequence {
 public:
  /// Experts whose scores differ by less than `nearness` (ExpertPair::margin) are a near-tie.
  FollowedSequence(const Weights& weights, const Arithmetic& arithmetic, double tolerance,
                   double nearness)
      : past_(weights, arithmetic), tolerance_(tolerance), nearness_(nearness) {}

  size_t length() const { return past_.length(); }

  /// One more token, and how far the backend's logits are from the reference's with the same
  /// experts. Nothing where it is not known which experts the backend has: `found` is empty, as
  /// nobody wanted logits, or more than one expert of a layer may be another.
  std::optional<double> next(int32_t token, int64_t length, std::span<const float> found) {
    Best best;
    explore(token, length, found, {}, 0, best);
    const bool known = best.ways == 1 || (!found.empty() && best.error <= tolerance_);
    const bool certain = known || (!found.empty() && !best.several);
    past_ = std::move(*best.after);
    if (!certain && !lost_) lost_ = past_.length() - 1;
    if (lost_) {
      ++apart_;
      return std::nullopt;
    }
    if (found.empty()) return std::nullopt;
    ++compared_;
    if (best.swapped) ++others_;
    return best.error;
  }

  void truncate(size_t length) {
    past_.truncate(length);
    if (lost_ && *lost_ >= length) lost_.reset();
  }

  int64_t compared() const { return compared_; }  ///< Tokens whose logits were.
  int64_t others() const { return others_; }      ///< Of these, with another expert in a near-tie.
  int64_t apart() const { return apart_; }        ///< Tokens after one whose experts are unknown.

 private:
  struct Best {
    double error = std::numeric_limits<double>::infinity();
    std::optional<Sequence> after;
    bool swapped = false;
    int ways = 0;
    bool several = false;  ///< More than one pair of a layer is a near-tie.
  };

  /// Runs the token with `swaps`, then with each near-tie of a later layer the other way as well.
  void explore(int32_t token, int64_t length, std::span<const float> found, const Swaps& swaps,
               size_t first_layer, Best& best) {
    if (best.ways == kMostWays) {
      best.several = true;
      return;
    }
    Sequence after = past_;
    const Values logits = after.next(token, length, swaps);
    const std::vector<ExpertPair> close = after.close_pairs(nearness_);
    const double error = found.empty() ? 0 : error_of(found, logits);
    if (best.ways++ == 0 || error < best.error) {
      best.error = error;
      best.swapped = !swaps.empty();
      best.after = std::move(after);
    }
    for (size_t i = 0; i < close.size(); ++i) {
      const ExpertPair& pair = close[i];
      best.several = best.several || (i > 0 && close[i - 1].layer == pair.layer);
      if (pair.layer < first_layer) continue;
      Swaps more = swaps;
      more[pair.layer] = {pair.out, pair.in};
      explore(token, length, found, more, pair.layer + 1, best);
    }
  }

  static constexpr int kMostWays = 64;

  Sequence past_;
  double tolerance_, nearness_;
  std::optional<size_t> lost_;  // the position of the first token whose experts are unknown
  int64_t compared_ = 0, others_ = 0, apart_ = 0;
};

}  // namespace nety::model::reference
