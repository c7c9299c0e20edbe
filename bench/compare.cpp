// The schedule: pairs in turn, looks, and the baseline against itself.
#include "bench/compare.h"

#include <fmt/core.h>

#include <algorithm>

#include "bench/compare_series.h"
#include "core/base/error.h"
#include "core/base/words.h"
#include "core/measure/stopwatch.h"

namespace nety::bench {
namespace {

using results::Change;
using results::Comparison;

bool better(const Figure& one, const Figure& other) {
  const results::ComparedMetric* const metric = results::find_compared(one.key.metric);
  const bool higher = metric != nullptr && metric->higher_is_better;
  return higher ? one.value > other.value : one.value < other.value;
}

/// The first gated figure in which the baseline differs from itself.
const Comparison* self_difference(const std::vector<Comparison>& self) {
  for (const Comparison& comparison : self)
    if (comparison.gated && (comparison.verdict == results::name_of(Change::kRegression) ||
                             comparison.verdict == results::name_of(Change::kImprovement)))
      return &comparison;
  return nullptr;
}

/// Programs observed one after the other.
class WholeRuns final : public PairSource {
 public:
  WholeRuns(Subject& baseline, Subject& candidate, Subject& again, const CompareRequest& request)
      : subjects_{&baseline, &candidate},
        renewed_{&baseline, &candidate, &again},
        every_(std::max<int64_t>(request.renew_every, 1)) {
    if (request.self_check) subjects_.push_back(&again);
  }

  std::optional<ObservedPair> next(int64_t done, CompareObserver& observer) override {
    if (done % every_ == 0)
      for (Subject* subject : renewed_) subject->renew();
    std::vector<Subject*> order = subjects_;
    if (done % 2 == 1) std::reverse(order.begin(), order.end());
    ObservedPair pair;
    for (Subject* subject : order) {
      if (observer.interrupted()) return std::nullopt;
      (subject == subjects_[0]   ? pair.baseline
       : subject == subjects_[1] ? pair.candidate
                                 : pair.again) = subject->observe();
    }
    return pair;
  }

 private:
  std::vector<Subject*> subjects_, renewed_;
  int64_t every_;
};

void distrust(std::vector<Comparison>& comparisons, const std::string& reason) {
  for (Comparison& comparison : comparisons) {
    comparison.verdict = results::name_of(Change::kIncomparable);
    comparison.reason = reason;
  }
}

}  // namespace

Observation better_of(const Observation& one, const Observation& other) {
  Observation best = one;
  for (const Figure& figure : other) {
    const auto same = [&](const Figure& known) { return known.key == figure.key; };
    const auto known = std::find_if(best.begin(), best.end(), same);
    if (known == best.end())
      best.push_back(figure);
    else if (better(figure, *known))
      *known = figure;
  }
  return best;
}

void check(const CompareRequest& request) {
  if (request.least < 1 || request.most < request.least)
    throw Error(ErrorKind::kUsage,
                fmt::format("--pairs: {}:{} is no range", request.least, request.most),
                "Give the least and the most pairs: --pairs 10:40.");
  for (const Gate& gate : request.gates) {
    if (results::find_compared(gate.metric) != nullptr) continue;
    std::string known;
    for (const results::ComparedMetric& metric : results::compared_metrics())
      append_word(known, metric.name);
    throw Error(ErrorKind::kUsage, fmt::format("--gate: no metric is called '{}'", gate.metric),
                fmt::format("Metrics: {}.", known));
  }
}

ComparedPrograms compare(Subject& baseline, Subject& candidate, Subject& baseline_again,
                         const CompareRequest& request, CompareObserver& observer) {
  WholeRuns runs(baseline, candidate, baseline_again, request);
  return compare(runs, request, observer);
}

ComparedPrograms compare(PairSource& source, const CompareRequest& request,
                         CompareObserver& observer) {
  check(request);
  const results::Looks looks(request.least, request.most);
  const measure::Stopwatch watch;
  PairedSeries pairs, self;
  ComparedPrograms out;
  while (out.pairs < request.most) {
    const bool late = request.budget_s > 0 && watch.seconds() > request.budget_s;
    if (late && out.pairs >= request.least) break;
    observer.pair(out.pairs, request);
    const std::optional<ObservedPair> pair = source.next(out.pairs, observer);
    out.interrupted = !pair || observer.interrupted();
    if (out.interrupted) break;
    pairs.add(pair->baseline, pair->candidate);
    if (request.self_check) self.add(pair->baseline, pair->again);
    ++out.pairs;
    if (looks.is_look(out.pairs) && decided(pairs.judge(request, looks))) break;
  }
  out.seconds = watch.seconds();
  out.comparisons = pairs.judge(request, looks);
  if (!request.self_check) return out;
  out.self = self.judge(request, looks);
  std::erase_if(out.self, [](const Comparison& comparison) { return !comparison.gated; });
  if (const Comparison* const difference = self_difference(out.self)) {
    out.fit = false;
    distrust(out.comparisons,
             fmt::format("the baseline differs from itself in {}", difference->metric));
  }
  return out;
}

Observation figures_of(const results::File& file) {
  Observation out;
  for (const results::Result& row : file.results) {
    if (row.status != results::Status::kOk) continue;
    for (const auto& [name, metric] : row.metrics) {
      if (!metric.median || results::find_compared(name) == nullptr) continue;
      out.push_back({{name, row.mode, row.backend, row.phase, row.n_prompt, row.n_gen, row.depth},
                     metric.unit,
                     *metric.median});
    }
  }
  return out;
}

}  // namespace nety::bench
