// A list that steps shorten; sorting is put off until a step needs the ranking.
#include "core/engine/sampling/candidates.h"

#include <cmath>

namespace nety::engine {
namespace {

bool likelier(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

}  // namespace

void Candidates::assign(std::span<const float> logits, std::span<const uint64_t> allowed) {
  list_.clear();
  list_.reserve(logits.size());
  temperature_ = 1;
  ranked_ = weighed_ = false;
  for (size_t i = 0; i < logits.size(); ++i)
    if (std::isfinite(logits[i]) && is_allowed(allowed, i))
      list_.push_back({static_cast<int32_t>(i), logits[i], 0});
}

void Candidates::set_temperature(double temperature) {
  temperature_ = temperature;
  weighed_ = false;
}

// The list is in the order of ids still; where nothing was left out, an id is its place.
Candidate* Candidates::find(int32_t id) {
  const auto place = static_cast<size_t>(id);
  if (id >= 0 && place < list_.size() && list_[place].id == id) return &list_[place];
  const auto found = std::ranges::lower_bound(list_, id, {}, &Candidate::id);
  return found != list_.end() && found->id == id ? &*found : nullptr;
}

void Candidates::add(int32_t id, double amount) {
  if (Candidate* one = find(id)) one->logit = static_cast<float>(one->logit + amount);
}

std::span<const Candidate> Candidates::ranked() {
  if (!ranked_) std::sort(list_.begin(), list_.end(), likelier);
  ranked_ = true;
  if (weighed_) return list_;
  weighed_ = true;
  const double best = list_.empty() ? 0 : list_.front().logit;
  for (Candidate& one : list_) one.weight = std::exp((one.logit - best) / temperature_);
  return list_;
}

double Candidates::total() {
  double sum = 0;
  for (const Candidate& one : ranked()) sum += one.weight;
  return sum;
}

void Candidates::keep(size_t count) {
  ranked();
  list_.resize(std::clamp<size_t>(count, 1, list_.size()));
}

void Candidates::keep_likeliest(size_t count) {
  if (count >= list_.size()) return;
  if (!ranked_) {
    const auto end = list_.begin() + static_cast<ptrdiff_t>(count);
    std::nth_element(list_.begin(), end, list_.end(), likelier);
  }
  list_.resize(count);
}

void Candidates::keep_from(double least) {
  std::erase_if(list_, [least](const Candidate& one) { return one.logit < least; });
}

}  // namespace nety::engine
