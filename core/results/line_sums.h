// Means and least-squares lines of any range of a series, each in constant time, from running sums.
#pragma once

#include <algorithm>
#include <vector>

namespace nety::results {

class LineSums {
 public:
  LineSums() = default;
  /// Value i stands at x = i; weights are 1, or 0 to leave it out.
  LineSums(const std::vector<double>& values, const std::vector<double>& weights) {
    sums_.reserve(values.size() + 1);
    sums_.push_back({});
    // About the first value, so that squares of nearly equal numbers keep their digits.
    origin_ = values.empty() ? 0 : values.front();
    for (size_t i = 0; i < values.size(); ++i) {
      const double w = weights[i], x = static_cast<double>(i), y = values[i] - origin_;
      const Sums& last = sums_.back();
      sums_.push_back({last.w + w, last.x + w * x, last.y + w * y, last.xx + w * x * x,
                       last.xy + w * x * y, last.yy + w * y * y});
    }
  }

  size_t count(size_t begin, size_t end) const {
    return static_cast<size_t>(sums_[end].w - sums_[begin].w);  // whole numbers, exactly
  }
  double mean(size_t begin, size_t end) const {
    const Sums s = between(begin, end);
    return origin_ + (s.w > 0 ? s.y / s.w : 0);
  }
  /// Sum of squares about the mean, and about the line.
  double about_mean(size_t begin, size_t end) const {
    const Sums s = between(begin, end);
    return s.w > 0 ? std::max(s.yy - s.y * s.y / s.w, 0.0) : 0;
  }
  double about_line(size_t begin, size_t end) const {
    const Sums s = between(begin, end);
    const double xx = s.xx - s.x * s.x / s.w, xy = s.xy - s.x * s.y / s.w;
    return std::max(about_mean(begin, end) - (xx > 0 ? xy * xy / xx : 0), 0.0);
  }
  /// The line's value at `x`, and its variance there where a value has variance 1.
  double line(size_t begin, size_t end, double x) const {
    const Sums s = between(begin, end);
    const double xx = s.xx - s.x * s.x / s.w, xy = s.xy - s.x * s.y / s.w;
    return origin_ + s.y / s.w + (xx > 0 ? xy / xx * (x - s.x / s.w) : 0);
  }
  double variance_of_line(size_t begin, size_t end, double x) const {
    const Sums s = between(begin, end);
    const double xx = s.xx - s.x * s.x / s.w, from_middle = x - s.x / s.w;
    return 1 / s.w + (xx > 0 ? from_middle * from_middle / xx : 0);
  }

 private:
  struct Sums {
    double w = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
  };
  Sums between(size_t begin, size_t end) const {
    const Sums &a = sums_[begin], &b = sums_[end];
    return {b.w - a.w, b.x - a.x, b.y - a.y, b.xx - a.xx, b.xy - a.xy, b.yy - a.yy};
  }

  std::vector<Sums> sums_;
  double origin_ = 0;
};

}  // namespace nety::results
