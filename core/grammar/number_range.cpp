// The digits so far are compared with those of each bound. How many digits the whole part will have
// is not known before its end, so the comparison is of equal places until then.
#include "core/grammar/number_range.h"

#include <algorithm>
#include <compare>
#include <cstdlib>
#include <map>

namespace nety::grammar {
namespace {

constexpr int32_t kFurtherDigits = 20, kSureDigits = 15;

/// A comparison with a bound: below 0, 0 or above 0, of the digits so far.
using Order = int8_t;

/// Non-negative numbers within bounds that are not negative either.
class Magnitudes {
 public:
  Magnitudes(Builder& builder, int32_t rule, const NumberRange& range, std::optional<Bound> least,
             std::optional<Bound> most)
      : builder_(builder),
        rule_(rule),
        range_(range),
        least_(std::move(least)),
        most_(std::move(most)) {
    for (const std::optional<Bound>* bound : {&least_, &most_}) {
      if (!*bound) continue;
      whole_digits_ = std::max(whole_digits_, std::ssize((*bound)->value.whole));
      fraction_digits_ = std::max(fraction_digits_, std::ssize((*bound)->value.fraction));
    }
    most_whole_ = most_ ? whole_digits_ : whole_digits_ + kFurtherDigits;
  }

  void add(int32_t from) {
    for (uint8_t digit = 0; digit <= 9; ++digit) {
      Progress next;
      next.whole = digit == 0 ? 0 : 1;
      next.ended = digit == 0;  // nothing may follow a leading zero but a fraction
      if (digit > 0) {
        next.least = compared(least_, 0, digit, 0);
        next.most = compared(most_, 0, digit, 0);
        next.rest = digit % range_.multiple;
        if (most_whole_ < 1) continue;
      }
      builder_.byte(from, static_cast<char>('0' + digit), state_of(next));
    }
    while (!work_.empty()) {
      const Progress progress = work_.back();
      work_.pop_back();
      expand(progress);
    }
  }

 private:
  struct Progress {
    int32_t whole = 0;     // digits of the whole part
    bool ended = false;    // no more digits of it
    bool point = false;    // behind the point
    int32_t fraction = 0;  // digits behind it, up to those of the bounds
    int32_t written = 0;   // and all of them
    Order least = 0, most = 0;
    int32_t rest = 0;  // of the division by the multiple
    auto operator<=>(const Progress&) const = default;
  };

  int32_t state_of(const Progress& progress) {
    const auto [place, is_new] = known_.try_emplace(progress, -1);
    if (is_new) {
      place->second = builder_.state(rule_);
      work_.push_back(progress);
    }
    return place->second;
  }

  static Order compared(const std::optional<Bound>& bound, Order so_far, int digit, int32_t at) {
    if (!bound || so_far != 0) return so_far;
    const std::string& digits = bound->value.whole;
    if (at >= std::ssize(digits)) return 0;  // longer: told at the end of the whole part
    const int other = digits[static_cast<size_t>(at)] - '0';
    return static_cast<Order>((digit > other) - (digit < other));
  }
  static Order compared_fraction(const std::optional<Bound>& bound, Order so_far, int digit,
                                 int32_t at) {
    if (!bound || so_far != 0) return so_far;
    const std::string& digits = bound->value.fraction;
    const int other = at < std::ssize(digits) ? digits[static_cast<size_t>(at)] - '0' : 0;
    return static_cast<Order>((digit > other) - (digit < other));
  }
  /// Of whole parts, once it is known how many digits there are.
  static Order at_end(const std::optional<Bound>& bound, Order so_far, int32_t whole) {
    if (!bound) return 0;
    const auto other = static_cast<int32_t>(bound->value.whole.size());
    return whole != other ? static_cast<Order>(whole < other ? -1 : 1) : so_far;
  }
  static Order in_all(const std::optional<Bound>& bound, Order so_far, int32_t fraction) {
    if (!bound || so_far != 0) return so_far;
    return fraction < std::ssize(bound->value.fraction) ? Order{-1} : Order{0};
  }

  bool admitted(const Progress& progress) const {
    Order least = progress.least, most = progress.most;
    if (!progress.point) {
      least = at_end(least_, least, progress.whole);
      most = at_end(most_, most, progress.whole);
    }
    least = in_all(least_, least, progress.fraction);
    most = in_all(most_, most, progress.fraction);
    if (least_ && (least < 0 || (least == 0 && least_->exclusive))) return false;
    if (most_ && (most > 0 || (most == 0 && most_->exclusive))) return false;
    return progress.rest == 0;
  }

  void expand(const Progress& progress) {
    const int32_t from = known_.at(progress);
    // Behind a point comes a digit.
    if ((!progress.point || progress.written > 0) && admitted(progress)) builder_.accept(from);
    if (progress.point) return add_fraction(progress, from);
    if (!progress.ended && progress.whole < most_whole_)
      for (int digit = 0; digit <= 9; ++digit) {
        Progress next = progress;
        ++next.whole;
        next.least = compared(least_, progress.least, digit, progress.whole);
        next.most = compared(most_, progress.most, digit, progress.whole);
        next.rest = (progress.rest * 10 + digit) % range_.multiple;
        builder_.byte(from, static_cast<char>('0' + digit), state_of(next));
      }
    if (range_.integer) return;
    Progress next = progress;
    next.point = true;
    next.least = at_end(least_, progress.least, progress.whole);
    next.most = at_end(most_, progress.most, progress.whole);
    builder_.byte(from, '.', state_of(next));
  }

  void add_fraction(const Progress& progress, int32_t from) {
    const auto most = std::max<int64_t>(fraction_digits_, kSureDigits - progress.whole);
    if (progress.written >= most) return;
    for (int digit = 0; digit <= 9; ++digit) {
      Progress next = progress;
      ++next.written;
      next.fraction = std::min(progress.fraction + 1, static_cast<int32_t>(fraction_digits_));
      next.least = compared_fraction(least_, progress.least, digit, progress.written);
      next.most = compared_fraction(most_, progress.most, digit, progress.written);
      builder_.byte(from, static_cast<char>('0' + digit), state_of(next));
    }
  }

  Builder& builder_;
  int32_t rule_;
  const NumberRange& range_;
  std::optional<Bound> least_, most_;
  int64_t whole_digits_ = 0, fraction_digits_ = 0, most_whole_ = 0;
  std::map<Progress, int32_t> known_;
  std::vector<Progress> work_;
};

bool negative(const Bound& bound) { return bound.value.negative && !bound.value.zero(); }

Bound negated(Bound bound) {
  bound.value.negative = !bound.value.negative;
  return bound;
}

/// A magnitude's lower bound: none where all magnitudes are above it.
std::optional<Bound> lower(const std::optional<Bound>& bound) {
  return bound && !negative(*bound) ? bound : std::nullopt;
}

}  // namespace

int32_t add_number_range(Builder& builder, const NumberRange& range) {
  const int32_t rule = builder.rule("a number within bounds");
  const int32_t start = builder.start_of(rule);
  if (!range.most || !negative(*range.most))
    Magnitudes(builder, rule, range, lower(range.least), range.most).add(start);
  // -y within the range: y from -most to -least.
  std::optional<Bound> least, most;
  if (range.most) least = negated(*range.most);
  if (range.least) most = negated(*range.least);
  if (most && negative(*most)) return rule;
  const int32_t minus = builder.state(rule);
  builder.byte(start, '-', minus);
  Magnitudes(builder, rule, range, lower(least), most).add(minus);
  return rule;
}

bool admits(const NumberRange& range, std::string_view number) {
  const std::optional<Decimal> value = read_decimal(number, 1000);
  if (!value) return false;
  if (range.integer && !value->fraction.empty()) return false;
  if (range.least) {
    const int order = compare(*value, range.least->value);
    if (order < 0 || (order == 0 && range.least->exclusive)) return false;
  }
  if (range.most) {
    const int order = compare(*value, range.most->value);
    if (order > 0 || (order == 0 && range.most->exclusive)) return false;
  }
  int32_t rest = 0;
  for (const char digit : value->whole) rest = (rest * 10 + (digit - '0')) % range.multiple;
  return rest == 0;
}

}  // namespace nety::grammar
