// The tokens that may come next, while the steps of sampling narrow them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace nety::engine {

/// A token that may come next, and its chance in proportion to the others'.
struct Candidate {
  int32_t id;
  float logit;
  double weight;
};

/// Whether token `id` is in a mask of a bit per token, the lowest bits first. An empty mask has all
/// of them, another none beyond its end.
inline bool is_allowed(std::span<const uint64_t> mask, size_t id) {
  return mask.empty() || (id / 64 < mask.size() && (mask[id / 64] >> (id % 64) & 1) != 0);
}

/// Allocates nothing once it has held a whole vocabulary.
class Candidates {
 public:
  /// All tokens that are allowed and whose logit is finite, at temperature 1.
  void assign(std::span<const float> logits, std::span<const uint64_t> allowed);

  bool empty() const { return list_.empty(); }
  size_t size() const { return list_.size(); }
  double temperature() const { return temperature_; }
  void set_temperature(double temperature);

  /// Adds to the logit of token `id`, if it is a candidate. Before the first step that drops or
  /// ranks.
  void add(int32_t id, double amount);
  /// Calls changed(logit, times) for every candidate that is among `tokens`, once, with how often
  /// it is; the logit becomes what is returned. Before the first step that drops or ranks.
  template <class Change>
  void change(std::span<const int32_t> tokens, Change&& changed);

  /// Likeliest first, the lower id first among equals; weights are exp((logit - best) /
  /// temperature), so that the first has 1.
  std::span<const Candidate> ranked();
  /// The sum of the weights, in order.
  double total();

  /// Drops all but the first `count` of ranked(), at least one.
  void keep(size_t count);
  /// The same for the likeliest of a list that is not ranked yet, which takes less time.
  void keep_likeliest(size_t count);
  /// Drops those with a logit below `least`.
  void keep_from(double least);
  /// Keeps as many as `count` says of them in another order than by likelihood, at least one.
  /// `before` tells any two apart.
  template <class Before, class Count>
  void keep_by(Before&& before, Count&& count);
  /// As they are, in whatever order.
  std::span<const Candidate> all() const { return list_; }

 private:
  Candidate* find(int32_t id);

  std::vector<Candidate> list_;
  double temperature_ = 1;
  bool ranked_ = false, weighed_ = false;
};

template <class Change>
void Candidates::change(std::span<const int32_t> tokens, Change&& changed) {
  // Weights are not needed before the ranking: they count here.
  for (const int32_t id : tokens)
    if (Candidate* one = find(id)) ++one->weight;
  for (const int32_t id : tokens)
    if (Candidate* one = find(id); one != nullptr && one->weight > 0) {
      one->logit = changed(one->logit, one->weight);
      one->weight = 0;
    }
}

template <class Before, class Count>
void Candidates::keep_by(Before&& before, Count&& count) {
  std::sort(list_.begin(), list_.end(), before);
  list_.resize(std::clamp<size_t>(count(std::span<const Candidate>(list_)), 1, list_.size()));
  ranked_ = weighed_ = false;
}

}  // namespace nety::engine
