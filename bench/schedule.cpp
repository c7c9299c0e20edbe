// Needs in the order in which they are met, and as many of them together as time and memory allow:
// what two questions share is measured once.
#include "bench/schedule.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "core/results/paired.h"
#include "core/results/robust.h"

namespace nety::bench {
namespace {

constexpr double kCloseCall = 0.05;  // of the logarithm of a ratio
constexpr int64_t kSlicesApart = 4;  // of each contender between two loads

size_t index_of(SliceKind kind) { return static_cast<size_t>(kind); }

}  // namespace

class Schedule::Union {
 public:
  explicit Union(const Schedule& schedule) : schedule_(schedule) {}

  bool empty() const { return slices_.empty(); }
  const std::map<std::pair<size_t, SliceKind>, int64_t>& slices() const { return slices_; }

  /// Adds a need if all of it can be met in `left_s` beside what is there, and its contenders can
  /// be in memory together. The first need is added whatever its memory.
  bool add(const Need& need, double left_s) {
    Union with = *this;
    for (const size_t contender : need.contenders) {
      int64_t& slices = with.slices_[{contender, need.kind}];
      slices = std::max(slices, need.slices);
    }
    if (with.seconds() > left_s || (!empty() && with.is_apart())) return false;
    slices_ = std::move(with.slices_);
    return true;
  }

  double seconds() const {
    double sum = 0;
    for (const auto& [key, slices] : slices_)
      sum += static_cast<double>(slices) * schedule_.slice_s(key.first, key.second);
    for (const size_t contender : contenders()) sum += schedule_.cost(contender).load_s;
    return sum;
  }

  bool is_apart() const {
    uint64_t used = 0;
    for (const size_t contender : contenders()) used += schedule_.cost(contender).bytes;
    return schedule_.limit_ > 0 && contenders().size() > 1 && used > schedule_.limit_;
  }

  std::vector<size_t> contenders() const {
    std::vector<size_t> out;
    for (const auto& entry : slices_)
      if (out.empty() || out.back() != entry.first.first) out.push_back(entry.first.first);
    return out;
  }

 private:
  const Schedule& schedule_;
  std::map<std::pair<size_t, SliceKind>, int64_t> slices_;
};

Schedule::Schedule(std::vector<Cost> costs, std::vector<Question> questions, uint64_t limit)
    : contenders_(costs.size()),
      questions_(std::move(questions)),
      moot_(questions_.size(), false),
      limit_(limit) {
  for (size_t i = 0; i < costs.size(); ++i) {
    contenders_[i].cost = costs[i];
    contenders_[i].first_load_s = costs[i].load_s;
  }
}

void Schedule::add(const Turn::Part& part, double rate, double seconds) {
  Contender& contender = contenders_[part.contender];
  const size_t kind = index_of(part.kind);
  contender.turns[kind].push_back(part.turn);
  contender.rates[kind].push_back(rate);
  contender.seconds[kind].push_back(seconds);
}

void Schedule::expect(size_t contender, const Cost& cost) {
  contenders_[contender].cost = cost;
  contenders_[contender].first_load_s = cost.load_s;
}

void Schedule::loaded(size_t contender, double load_s, uint64_t bytes) {
  Contender& one = contenders_[contender];
  one.loaded = true;
  one.first_load_s = load_s;
  one.cost.load_s = 0;
  if (bytes > 0) one.cost.bytes = bytes;
}

void Schedule::unloaded(size_t contender) {
  contenders_[contender].loaded = false;
  contenders_[contender].cost.load_s = contenders_[contender].first_load_s;
}

void Schedule::drop(size_t contender) {
  contenders_[contender].dropped = true;
  for (size_t i = 0; i < questions_.size(); ++i)
    if (questions_[i].candidate == contender || questions_[i].against == contender) moot_[i] = true;
}

void Schedule::refute(size_t contender) {
  for (size_t i = 0; i < questions_.size(); ++i)
    if (questions_[i].choice && questions_[i].candidate == contender) moot_[i] = true;
}

void Schedule::overtaken(size_t contender) {
  for (size_t i = 0; i < questions_.size(); ++i)
    if (questions_[i].choice && questions_[i].against == contender) moot_[i] = true;
}

void Schedule::want(size_t contender, SliceKind kind, int64_t samples, int rank) {
  contenders_[contender].wanted[index_of(kind)] = samples;
  contenders_[contender].wish_rank[index_of(kind)] = rank;
}

std::vector<double> Schedule::logs_of(const Question& question) const {
  const auto metric_of = [&](size_t contender) {
    results::Metric metric;
    metric.samples = contenders_[contender].rates[index_of(question.kind)];
    metric.turns = contenders_[contender].turns[index_of(question.kind)];
    return metric;
  };
  return results::paired_logs(metric_of(question.candidate), metric_of(question.against));
}

Answer Schedule::answer(size_t question) const {
  if (moot_[question]) return Answer::kMoot;
  const Question& asked = questions_[question];
  const auto ratio = results::ratio_of_logs(logs_of(asked));
  if (ratio.ci && ratio.ci->first > asked.threshold) return Answer::kAbove;
  if (ratio.ci && ratio.ci->second < asked.threshold) return Answer::kBelow;
  return Answer::kOpen;
}

int64_t Schedule::samples(size_t contender, SliceKind kind) const {
  return static_cast<int64_t>(contenders_[contender].rates[index_of(kind)].size());
}

double Schedule::rate(size_t contender, SliceKind kind) const {
  const std::vector<double>& rates = contenders_[contender].rates[index_of(kind)];
  return rates.empty() ? 0 : results::median_of(rates);
}

double Schedule::slice_s(size_t contender, SliceKind kind) const {
  const Contender& one = contenders_[contender];
  const std::vector<double>& seconds = one.seconds[index_of(kind)];
  return seconds.empty() ? one.cost.slice_s[index_of(kind)] : results::median_of(seconds);
}

void Schedule::estimate(Need& need) const {
  for (const size_t contender : need.contenders) {
    need.seconds += static_cast<double>(need.slices) * slice_s(contender, need.kind) +
                    contenders_[contender].cost.load_s;
    need.loads += contenders_[contender].loaded ? 0 : 1;
  }
}

/// In the order in which they are to be met: by rank, questions before wishes, those that have too
/// few pairs to tell anything before others, what is loaded before what is not, and what takes
/// least first.
std::vector<Schedule::Need> Schedule::needs() const {
  std::vector<Need> out;
  for (size_t i = 0; i < questions_.size(); ++i) {
    if (moot_[i]) continue;
    const Question& question = questions_[i];
    const std::vector<double> logs = logs_of(question);
    const std::optional<int64_t> more = results::pairs_to_tell(logs, question.threshold);
    const auto n = static_cast<int64_t>(logs.size());
    if ((more && *more == 0) || n >= results::kMostPairs) continue;
    Need need{
        i, question.kind, {question.candidate, question.against}, more.value_or(1), question.rank};
    need.hopeless = !more;
    need.begun = n >= results::kFewestPairs;
    out.push_back(std::move(need));
  }
  for (size_t i = 0; i < contenders_.size(); ++i)
    for (const SliceKind kind : {SliceKind::kPrefill, SliceKind::kDecode}) {
      const int64_t lacking = contenders_[i].wanted[index_of(kind)] - samples(i, kind);
      if (contenders_[i].dropped || lacking <= 0) continue;
      Need need{0, kind, {i}, lacking, contenders_[i].wish_rank[index_of(kind)]};
      need.wish = true;
      out.push_back(std::move(need));
    }
  for (Need& need : out) estimate(need);
  std::stable_sort(out.begin(), out.end(), [](const Need& a, const Need& b) {
    return std::tuple(a.rank, a.wish, a.begun, a.loads > 0, a.seconds) <
           std::tuple(b.rank, b.wish, b.begun, b.loads > 0, b.seconds);
  });
  return out;
}

bool Schedule::needed(size_t contender) const {
  const std::vector<Need> all = needs();
  return std::any_of(all.begin(), all.end(), [contender](const Need& need) {
    return std::find(need.contenders.begin(), need.contenders.end(), contender) !=
           need.contenders.end();
  });
}

bool Schedule::is_close_call(size_t contender) const {
  for (size_t i = 0; i < questions_.size(); ++i) {
    const Question& question = questions_[i];
    if (question.candidate != contender && question.against != contender) continue;
    if (answer(i) != Answer::kOpen) continue;
    const auto ratio = results::ratio_of_logs(logs_of(question));
    if (ratio.n >= results::kFewestPairs &&
        std::fabs(std::log(ratio.value / question.threshold)) < kCloseCall)
      return true;
  }
  return false;
}

/// Forwards and backwards in turn, so that a slow drift weighs on all alike.
Turn Schedule::turn_of(const Union& together) {
  Turn turn;
  turn.apart = together.is_apart();
  const int64_t first = turns_;
  const int64_t slices = turn.apart ? kSlicesApart : 1;
  std::vector<std::pair<size_t, SliceKind>> order;
  for (const auto& entry : together.slices()) order.push_back(entry.first);
  const bool backwards = turn.apart ? !contenders_[order.front().first].loaded : first % 2 == 1;
  if (backwards) std::reverse(order.begin(), order.end());
  for (const auto& [contender, kind] : order)
    for (int64_t k = 0; k < slices; ++k) {
      turn.parts.push_back({contender, kind, first + k});
      turn.seconds += slice_s(contender, kind);
    }
  for (const size_t contender : together.contenders())
    turn.seconds += contenders_[contender].cost.load_s;
  turns_ += slices;
  return turn;
}

Turn Schedule::opening(const std::vector<size_t>& contenders) {
  Union together(*this);
  for (const size_t contender : contenders)
    for (const SliceKind kind : {SliceKind::kPrefill, SliceKind::kDecode}) {
      Need need;
      need.kind = kind;
      need.contenders = {contender};
      need.slices = 1;
      together.add(need, HUGE_VAL);
    }
  return turn_of(together);
}

std::optional<Turn> Schedule::next(double left_s, int highest_rank, Effort effort) {
  std::vector<Need> all = needs();
  std::erase_if(all, [&](const Need& need) {
    return need.rank > highest_rank || (effort == Effort::kFirst && (need.begun || need.wish));
  });
  Union together(*this);
  const Need* first = nullptr;
  const auto take = [&](const Need& need) {
    if (first != nullptr && (need.rank != first->rank || need.wish != first->wish)) return;
    if (together.add(need, left_s) && first == nullptr) first = &need;
  };
  // What can be met in the time: of the lowest rank that has some, questions before wishes.
  for (const Need& need : all)
    if (!need.hopeless) take(need);
  if (!together.empty()) return turn_of(together);
  if (effort != Effort::kAll) return std::nullopt;
  // What cannot: a turn at a time, as long as one fits.
  for (Need& need : all) {
    need.slices = 1;
    take(need);
  }
  if (together.empty()) return std::nullopt;
  return turn_of(together);
}

Forecast Schedule::forecast(double left_s) const {
  Forecast out;
  Union together(*this);
  for (const Need& need : needs()) {
    if (!need.hopeless && need.seconds <= left_s) {
      together.add(need, HUGE_VAL);
    } else if (!need.wish) {
      out.too_long.push_back(
          {need.question, need.hopeless ? std::nullopt : std::optional(need.seconds)});
    }
  }
  out.needed_s = together.seconds();
  return out;
}

}  // namespace nety::bench
