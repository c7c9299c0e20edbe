// Sums of binomial terms. Interim looks: follow the random walk of signs and drop paths past the
// boundary.
#include "core/results/sign_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nety::results {
namespace {

/// P(B = k) for k = 0, 1, ..., one after the other: each term from the one before, unless the first
/// is too small for a double.
class Terms {
 public:
  Terms(int64_t n, double p)
      : n_(static_cast<double>(n)),
        p_(p),
        odds_(p / (1 - p)),
        term_(std::exp(n_ * std::log1p(-p))) {}
  double next() {
    const double k = k_++;
    if (first_ < std::numeric_limits<double>::min()) return by_logarithms(k);
    if (k > 0) term_ *= (n_ - k + 1) / k * odds_;
    return term_;
  }

 private:
  double by_logarithms(double k) const {
    return std::exp(std::lgamma(n_ + 1) - std::lgamma(k + 1) - std::lgamma(n_ - k + 1) +
                    k * std::log(p_) + (n_ - k) * std::log1p(-p_));
  }
  double n_, p_, odds_, term_, first_ = term_, k_ = 0;
};

/// Paths of the walk that have not crossed yet, by their number of positive signs.
class Walk {
 public:
  void step() {
    mass_.push_back(0);
    for (size_t k = mass_.size() - 1; k > 0; --k) mass_[k] = (mass_[k] + mass_[k - 1]) / 2;
    mass_[0] /= 2;
  }
  /// The mass outside of [rank, n - rank].
  double outside(int64_t rank) const {
    double sum = 0;
    for (int64_t k = 0; k < rank; ++k) sum += at(k) + at(steps() - k);
    return sum;
  }
  void remove_outside(int64_t rank) {
    for (int64_t k = 0; k < rank; ++k)
      mass_[static_cast<size_t>(k)] = mass_[static_cast<size_t>(steps() - k)] = 0;
  }

 private:
  int64_t steps() const { return static_cast<int64_t>(mass_.size()) - 1; }
  double at(int64_t k) const { return mass_[static_cast<size_t>(k)]; }
  std::vector<double> mass_{1};
};

}  // namespace

double binomial_at_most(int64_t n, int64_t successes, double p) {
  if (successes < 0) return 0;
  if (successes >= n || p <= 0) return 1;
  if (p >= 1) return 0;
  Terms terms(n, p);
  double sum = 0;
  for (int64_t k = 0; k <= successes; ++k) sum += terms.next();
  return std::min(sum, 1.0);
}

int64_t median_rank(int64_t n, double alpha) {
  Terms terms(n, 0.5);
  double below = 0;  // P(B <= rank)
  for (int64_t rank = 0; 2 * rank < n; ++rank) {
    below += terms.next();
    if (2 * below > alpha) return rank;
  }
  return n / 2;
}

double median_coverage(int64_t n, int64_t rank) {
  return rank < 1 ? 0 : std::max(0.0, 1 - 2 * binomial_at_most(n, rank - 1, 0.5));
}

int64_t anytime_rank(int64_t n, double alpha) {
  constexpr double kShape = 0.25;  // of the mixture
  const auto log_beta = [](double a, double b) {
    return std::lgamma(a) + std::lgamma(b) - std::lgamma(a + b);
  };
  const double limit = -std::log(alpha);
  const auto log_odds = [&](int64_t below) {
    const auto k = static_cast<double>(below), all = static_cast<double>(n);
    return all * std::log(2.0) + log_beta(k + kShape, all - k + kShape) - log_beta(kShape, kShape);
  };
  int64_t rank = 0;  // the least with odds below the limit: they fall up to n / 2
  for (int64_t most = n / 2; rank < most;) {
    const int64_t middle = (rank + most) / 2;
    if (log_odds(middle) >= limit)
      rank = middle + 1;
    else
      most = middle;
  }
  return rank;
}

Looks::Looks(int64_t least, int64_t most, int64_t step) {
  for (int64_t n = least; n < most; n += step) counts_.push_back(n);
  counts_.push_back(std::max(least, most));
}

bool Looks::is_look(int64_t n) const {
  return std::binary_search(counts_.begin(), counts_.end(), n);
}

int64_t Looks::rank(int64_t n, double alpha) const {
  Walk walk;
  double spent = 0;
  int64_t steps = 0, last = 0;
  for (const int64_t look : counts_) {
    if (look > n) break;
    for (; steps < look; ++steps) walk.step();
    const double allowed =
        alpha * static_cast<double>(look) / static_cast<double>(counts_.back()) - spent;
    int64_t rank = 0;
    while (2 * (rank + 1) <= look && walk.outside(rank + 1) <= allowed) ++rank;
    spent += walk.outside(rank);
    walk.remove_outside(rank);
    last = rank;
  }
  return last;
}

}  // namespace nety::results
