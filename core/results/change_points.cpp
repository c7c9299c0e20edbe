#include "core/results/change_points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <random>

#include "core/results/line_sums.h"
#include "core/results/robust.h"

namespace nety::results {
namespace {

constexpr double kPricePerPiece = 3;      // times ln n
constexpr double kPriceOfSlope = 3;       // times ln n, above a level: as much as one more step
constexpr size_t kLeastDrift = 8;         // values that a drift has at least
constexpr double kOutlier = 4;            // standard deviations
constexpr size_t kNeighbours = 3;         // on each side, that an outlier is far from
constexpr double kLocation = 7.35;        // 95 % of the likelihood ratio, Hansen 2000, table I
constexpr double kNoiseFloor = 0.1;       // of the margin: less noise than that does not matter
constexpr double kMostCorrelation = 0.9;  // of neighbours; the variance of means is then 19 times
constexpr double kWary = 2;  // times the spread, before the correlation is known: that of 0.6
constexpr double kNormalMad = 1.4826;  // sd of a normal distribution over its MAD

/// The 97.5 % quantile of Student's t (Cornish-Fisher; within 1 % from 3 degrees of freedom on).
double student(double freedom) {
  constexpr double z = 1.959964;
  const double v = std::max(freedom, 3.0), z3 = z * z * z, z5 = z3 * z * z;
  return z + (z3 + z) / (4 * v) + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v) +
         (3 * z5 * z * z + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v);
}

/// Spread of one value, from differences over `lag`: levels and slow drifts fall out of them.
double spread_of(const std::vector<double>& y, size_t lag = 1) {
  std::vector<double> differences;
  for (size_t i = lag; i < y.size(); ++i) differences.push_back(y[i] - y[i - lag]);
  const double middle = median_of(differences);
  for (double& difference : differences) difference = std::fabs(difference - middle);
  return kNormalMad / std::numbers::sqrt2 * median_of(differences);
}

class Segmenter {
 public:
  Segmenter(std::span<const double> values, const ChangePointOptions& options)
      : options_(options), y_(values.size()), weight_(values.size(), 1) {
    std::transform(values.begin(), values.end(), y_.begin(), [](double v) { return std::log(v); });
  }

  Segmentation find() {
    if (y_.size() < 2 * kLeastPiece) return unchanged();
    sigma_ = std::max(spread_of(y_), kNoiseFloor * options_.margin);
    set_outliers_aside();
    sums_ = LineSums(y_, weight_);
    fit();
    prune();
    return describe();
  }

 private:
  struct Part {
    size_t begin, end;
    bool drifts;
  };

  Segmentation unchanged() {
    Segmentation result;
    sums_ = LineSums(y_, weight_);
    if (!y_.empty()) result.pieces = {piece({0, y_.size(), false})};
    return result;
  }

  /// The median of up to kNeighbours values on one side of `i`.
  std::optional<double> beside(size_t i, bool after) const {
    const size_t begin = after ? i + 1 : i - std::min(i, kNeighbours);
    const size_t end = after ? std::min(y_.size(), i + 1 + kNeighbours) : i;
    if (begin >= end) return std::nullopt;
    return median_of({y_.begin() + static_cast<std::ptrdiff_t>(begin),
                      y_.begin() + static_cast<std::ptrdiff_t>(end)});
  }

  void set_outliers_aside() {
    for (size_t i = 1; i + 1 < y_.size(); ++i) {
      const double left = y_[i] - *beside(i, false), right = y_[i] - *beside(i, true);
      if (left * right > 0 && std::min(std::fabs(left), std::fabs(right)) > kOutlier * sigma_)
        weight_[i] = 0;
    }
    for (const bool newest : {true, false}) set_end_aside(newest);
  }

  /// Fewer than kLeastPiece values far off at an end: whether they are outliers is not known yet.
  void set_end_aside(bool newest) {
    const size_t n = y_.size();
    const auto from_end = [&](size_t i) { return newest ? n - 1 - i : i; };
    const double level = *beside(from_end(kLeastPiece - 1), !newest);
    const auto off = [&](size_t i) {
      const double by = y_[from_end(i)] - level;
      return std::fabs(by) > kOutlier * sigma_ ? (by > 0 ? 1 : -1) : 0;
    };
    size_t count = 0;
    while (count < kLeastPiece && off(count) != 0 && off(count) == off(0)) ++count;
    if (count == kLeastPiece) return;
    for (size_t i = 0; i < count; ++i) weight_[from_end(i)] = 0;
  }

  bool may_drift(const Part& part) const {
    return sums_.count(part.begin, part.end) >= kLeastDrift;
  }
  double residuals(const Part& part) const {
    return part.drifts ? sums_.about_line(part.begin, part.end)
                       : sums_.about_mean(part.begin, part.end);
  }
  double price(const Part& part) const {
    return residuals(part) / (sigma_ * sigma_) +
           (kPricePerPiece + (part.drifts ? kPriceOfSlope : 0)) * log_n_;
  }
  /// Level or drifting, whichever is cheaper.
  Part best(size_t begin, size_t end) const {
    const Part level{begin, end, false}, drifting{begin, end, true};
    return may_drift(level) && price(drifting) < price(level) ? drifting : level;
  }

  /// The cheapest partition of the first t values, for every t.
  std::vector<Part> partition() const {
    const size_t n = y_.size();
    std::vector<double> cheapest(n + 1, std::numeric_limits<double>::infinity());
    std::vector<Part> last(n + 1, Part{0, 0, false});
    cheapest[0] = 0;
    for (size_t end = kLeastPiece; end <= n; ++end)
      for (size_t begin = 0; begin + kLeastPiece <= end; ++begin) {
        if (cheapest[begin] >= cheapest[end] || sums_.count(begin, end) < kLeastPiece) continue;
        const Part part = best(begin, end);
        if (const double total = cheapest[begin] + price(part); total < cheapest[end]) {
          cheapest[end] = total;
          last[end] = part;
        }
      }
    std::vector<Part> parts;
    if (!std::isfinite(cheapest[n])) return {{0, n, false}};
    for (size_t end = n; end > 0; end = last[end].begin) parts.insert(parts.begin(), last[end]);
    return parts;
  }

  double fitted(const Part& part, double at) const {
    return part.drifts ? sums_.line(part.begin, part.end, at) : sums_.mean(part.begin, part.end);
  }

  /// One of the ways to read the series; the cheapest by the BIC is taken.
  struct Model {
    std::vector<Part> parts;
    double sigma = 0, noise = 0, correlation = 0, freedom = 0;
    double cost = std::numeric_limits<double>::infinity();
  };

  /// The noise about the pieces, what neighbours have in common of it if they may, and the cost.
  Model weigh(std::vector<Part> parts, bool correlated) const {
    double squares = 0, products = 0, count = 0, pairs = 0, parameters = 0, slopes = 0;
    for (const Part& part : parts) {
      double before = 0;
      bool has_before = false;
      for (size_t i = part.begin; i < part.end; ++i) {
        const double residual = y_[i] - fitted(part, static_cast<double>(i));
        const bool counts = weight_[i] > 0;
        if (counts) squares += residual * residual, count += 1;
        if (counts && has_before) products += residual * before, pairs += 1;
        before = residual;
        has_before = counts;
      }
      parameters += part.drifts ? 2 : 1;
      if (part.drifts) slopes += 1;
    }
    Model model;
    const double floor = kNoiseFloor * options_.margin;
    model.freedom = std::max(count - parameters, 1.0);
    model.noise = std::sqrt(squares / model.freedom);
    double price = kPricePerPiece * static_cast<double>(parts.size()) + kPriceOfSlope * slopes;
    double variance = std::max(squares / count, floor * floor);
    double inflation = 1;
    if (correlated && pairs > 0 && squares > 0) {
      // Means taken out of short pieces take some of the correlation with them.
      const double alike = products / pairs / (squares / count) + parameters / count;
      model.correlation = std::clamp(alike, 0.0, kMostCorrelation);
      variance *= 1 - model.correlation * model.correlation;
      inflation = (1 + model.correlation) / (1 - model.correlation);
      price += kPricePerPiece;
    }
    model.sigma = std::max(model.noise * std::sqrt(inflation), floor);
    model.cost = count * std::log(variance) + price * log_n_;
    model.parts = std::move(parts);
    return model;
  }

  /// No change at all, changes in noise without memory, and changes in noise with some.
  void fit() {
    const double floor = kNoiseFloor * options_.margin, first = sigma_;
    Model best_model = weigh({best(0, y_.size())}, false);
    const auto consider = [&](Model model) {
      if (model.cost < best_model.cost) best_model = std::move(model);
    };
    consider(weigh({best(0, y_.size())}, true));
    for (const bool correlated : {false, true}) {
      sigma_ = correlated ? std::max(kWary * spread_of(y_, 3), floor) : first;
      for (int round = 0; round < 3; ++round) {
        Model model = weigh(partition(), correlated);
        sigma_ = model.sigma;
        consider(std::move(model));
      }
    }
    parts_ = best_model.parts;
    sigma_ = best_model.sigma;
    noise_ = best_model.noise;
    correlation_ = best_model.correlation;
    freedom_ = best_model.freedom;
  }

  /// The jump between two parts at their border, and its standard error.
  double jump(const Part& left, const Part& right) const {
    const double at = static_cast<double>(right.begin) - 0.5;
    return fitted(right, at) - fitted(left, at);
  }
  double uncertainty(const Part& left, const Part& right) const {
    const double at = static_cast<double>(right.begin) - 0.5;
    const auto variance = [&](const Part& part) {
      return part.drifts ? sums_.variance_of_line(part.begin, part.end, at)
                         : 1 / static_cast<double>(sums_.count(part.begin, part.end));
    };
    return sigma_ * std::sqrt(variance(left) + variance(right));
  }
  double freedom() const { return std::max(freedom_, 3.0); }

  /// Values of both parts without their slopes, outliers left out.
  std::vector<double> levelled(const Part& left, const Part& right) const {
    const double at = static_cast<double>(right.begin) - 0.5;
    std::vector<double> values;
    for (const Part* part : {&left, &right})
      for (size_t i = part->begin; i < part->end; ++i)
        if (weight_[i] > 0)
          values.push_back(y_[i] - fitted(*part, static_cast<double>(i)) + fitted(*part, at));
    return values;
  }

  /// The greatest standardised difference of means of any cut in two.
  static double greatest_contrast(const std::vector<double>& values) {
    double total = 0;
    for (const double value : values) total += value;
    const auto n = static_cast<double>(values.size());
    double sum = 0, greatest = 0;
    for (size_t i = 0; i + kLeastPiece < values.size(); ++i) {
      sum += values[i];
      const auto k = static_cast<double>(i + 1);
      if (i + 1 < kLeastPiece) continue;
      greatest = std::max(greatest, std::fabs(sum - total * k / n) / std::sqrt(k * (n - k) / n));
    }
    return greatest;
  }

  /// How often a random order of the same values has as great a contrast.
  double permutation_p(const Part& left, const Part& right) const {
    std::vector<double> values = levelled(left, right);
    const double seen = greatest_contrast(values) * (1 - 1e-12);
    std::mt19937_64 random(left.begin * 1000003 + right.begin);
    int as_great = 0;
    for (int round = 0; round < options_.permutations; ++round) {
      for (size_t i = values.size() - 1; i > 0; --i)
        std::swap(values[i], values[random() % (i + 1)]);
      if (greatest_contrast(values) >= seen) ++as_great;
    }
    return (1.0 + as_great) / (1.0 + options_.permutations);
  }

  /// How far a border is from being a change: the worst goes first. Not above 0: it is one.
  double doubt(size_t border) const {
    const Part &left = parts_[border], &right = parts_[border + 1];
    const double size = std::fabs(jump(left, right));
    if (size < std::log1p(options_.margin)) return 3 - size;
    const double needed = student(freedom()) * uncertainty(left, right);
    if (size <= needed) return 2 - size / needed;
    const double p = permutation_p(left, right);
    return p > options_.alpha ? p : 0;
  }

  /// Takes out borders that are no changes, one at a time: a neighbour's case differs then.
  void prune() {
    while (parts_.size() > 1) {
      size_t worst = 0;
      double greatest = 0;
      for (size_t border = 0; border + 1 < parts_.size(); ++border)
        if (const double each = doubt(border); each > greatest) greatest = each, worst = border;
      if (greatest <= 0) return;
      parts_[worst] = best(parts_[worst].begin, parts_[worst + 1].end);
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(worst) + 1);
    }
  }

  Piece piece(const Part& part) const {
    return {.begin = part.begin,
            .end = part.end,
            .first = std::exp(fitted(part, static_cast<double>(part.begin))),
            .last = std::exp(fitted(part, static_cast<double>(part.end) - 1)),
            .drifts = part.drifts};
  }

  /// Other places of the border that fit nearly as well.
  std::pair<size_t, size_t> places(Part left, Part right) const {
    const size_t here = right.begin;
    const double least = residuals(left) + residuals(right);
    std::pair<size_t, size_t> range{here, here};
    for (size_t at = left.begin + 1; at < right.end; ++at) {
      Part one = left, other = right;
      one.end = other.begin = at;
      if (sums_.count(one.begin, one.end) < 1 || sums_.count(other.begin, other.end) < 1) continue;
      if (residuals(one) + residuals(other) - least > kLocation * sigma_ * sigma_) continue;
      range = {std::min(range.first, at), std::max(range.second, at)};
    }
    return range;
  }

  ChangePoint change_point(const Part& left, const Part& right) const {
    const double at = static_cast<double>(right.begin) - 0.5;
    const double size = jump(left, right), half = student(freedom()) * uncertainty(left, right);
    const auto [earliest, latest] = places(left, right);
    return {.index = right.begin,
            .earliest = earliest,
            .latest = latest,
            .before = std::exp(fitted(left, at)),
            .after = std::exp(fitted(right, at)),
            .size = std::expm1(size),
            .interval = {std::expm1(size - half), std::expm1(size + half)},
            .p = permutation_p(left, right)};
  }

  Segmentation describe() const {
    Segmentation result;
    for (size_t i = 0; i < parts_.size(); ++i) {
      result.pieces.push_back(piece(parts_[i]));
      if (i > 0) result.changes.push_back(change_point(parts_[i - 1], parts_[i]));
    }
    for (size_t i = 0; i < weight_.size(); ++i)
      if (weight_[i] == 0) result.outliers.push_back(i);
    result.noise = std::expm1(noise_);
    result.correlation = correlation_;
    return result;
  }

  const ChangePointOptions& options_;
  std::vector<double> y_;
  const double log_n_ = std::log(static_cast<double>(y_.size()));
  std::vector<double> weight_;  // 0: an outlier
  LineSums sums_;
  std::vector<Part> parts_;
  double sigma_ = 0, noise_ = 0, correlation_ = 0, freedom_ = 0;
};

}  // namespace

Segmentation find_change_points(std::span<const double> values, const ChangePointOptions& options) {
  return Segmenter(values, options).find();
}

}  // namespace nety::results
