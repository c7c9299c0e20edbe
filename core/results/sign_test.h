// The sign test: exact intervals of a median, whatever the distribution of the samples. Each sample
// is below the true median with probability 1/2, so the number below it is Binomial(n, 1/2).
#pragma once

#include <cstdint>
#include <vector>

namespace nety::results {

/// P(B <= successes) for B ~ Binomial(n, p).
double binomial_at_most(int64_t n, int64_t successes, double p);

/// The greatest rank k (from 1) such that [x(k), x(n+1-k)] of n ordered samples holds the median
/// with at least 1 - alpha; 0 if n is too small. David & Nagaraja, Order Statistics, section 7.1.
int64_t median_rank(int64_t n, double alpha);
/// The confidence with which [x(k), x(n+1-k)] holds the median.
double median_coverage(int64_t n, int64_t rank);

/// The same ranks for intervals that hold the median at every n at once, all of them together with
/// 1 - alpha, whenever one looks and for whatever reason one stops: where nobody knows beforehand
/// how many samples there will be. The odds of the signs under a mixture of coins against a fair
/// one are a martingale, so they reach 1 / alpha with probability alpha at most (Ville 1939;
/// Howard, Ramdas, McAuliffe & Sekhon 2021). The mixture, Beta(1/4, 1/4), has a rank from 6 samples
/// on at 95 %, as median_rank() does; later intervals are wider by about half.
int64_t anytime_rank(int64_t n, double alpha);

/// The counts of pairs at which a comparison is looked at, and the intervals that allow it to be.
/// Looking again and again at 95 % intervals finds a difference between equal things far more often
/// than 5 % of the time. These are repeated intervals (Jennison & Turnbull, Group Sequential
/// Methods, chapter 9): all of them, at all looks, hold the median together with 1 - alpha. By the
/// look at n of `most` pairs at most alpha * n / most of the error has been spent (Lan & DeMets
/// 1983), computed exactly from the random walk of signs.
class Looks {
 public:
  /// Looks at least, least + step, ... and most.
  Looks(int64_t least, int64_t most, int64_t step = 2);

  const std::vector<int64_t>& counts() const { return counts_; }
  bool is_look(int64_t n) const;
  /// The rank at n samples. Between two looks it is the rank of the earlier one: a wider interval,
  /// never a narrower. 0 before the first look, and where n is too small for that alpha.
  int64_t rank(int64_t n, double alpha) const;

 private:
  std::vector<int64_t> counts_;
};

}  // namespace nety::results
