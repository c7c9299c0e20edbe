// Gates found among the figures, pairs judged, numbers put into Comparisons.
#include "bench/compare_series.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace nety::bench {
namespace {

using results::Change;
using results::ComparedMetric;
using results::Comparison;
using results::Judgement;

Comparison start_of(const Series& series, double margin) {
  Comparison comparison;
  comparison.metric = series.key.metric;
  comparison.mode = series.key.mode;
  comparison.backend = series.key.backend;
  comparison.phase = series.key.phase;
  comparison.n_prompt = series.key.n_prompt;
  comparison.n_gen = series.key.n_gen;
  comparison.depth = series.key.depth;
  comparison.margin = margin;
  comparison.baseline = results::summarise(series.unit, series.baseline);
  comparison.candidate = results::summarise(series.unit, series.candidate);
  comparison.ratio = results::summarise("ratio", series.ratios);
  comparison.ratio.kind = "derived";
  comparison.ratio.inputs = {"candidate", "baseline"};
  comparison.ratio.ci.reset();
  return comparison;
}

/// Equal values are equal, whatever they are.
double ratio_of(double candidate, double baseline) {
  return candidate == baseline ? 1 : candidate / baseline;
}

/// What must not be compared has no ratio: it would be read as one.
Comparison incomparable(const Series& series, double margin) {
  Comparison comparison = start_of(series, margin);
  comparison.ratio = results::Metric{};
  comparison.ratio.unit = "ratio";
  comparison.ratio.reason = series.obstacle;
  comparison.verdict = results::name_of(Change::kIncomparable);
  comparison.reason = series.obstacle;
  return comparison;
}

/// Log ratios with the sign of worse, as a ratio with its own sign.
void fill(Comparison& comparison, const Judgement& judgement, bool higher_is_better) {
  const double sign = higher_is_better ? -1 : 1;
  comparison.verdict = results::name_of(judgement.change);
  comparison.more_pairs = judgement.more_pairs;
  if (judgement.change == Change::kIncomparable) {
    comparison.reason = "a value is zero or not a number";
    return;
  }
  comparison.ratio.median = std::exp(sign * judgement.median);
  comparison.ratio.ci_level = judgement.level;
  if (judgement.interval) {
    const auto [low, high] = *judgement.interval;
    comparison.ratio.ci = {std::exp(std::min(sign * low, sign * high)),
                           std::exp(std::max(sign * low, sign * high))};
    comparison.ratio.reason.clear();
  }
  if (judgement.detectable) comparison.detectable = std::expm1(*judgement.detectable);
}

Comparison judge_exact(const Series& series, bool higher_is_better) {
  Comparison comparison = start_of(series, 0);
  const Change change = results::judge_exactly(series.baseline, series.candidate, higher_is_better);
  comparison.verdict = results::name_of(change);
  comparison.ratio.reason.clear();
  if (change == Change::kIncomparable)
    comparison.reason = "it differs from run to run of the same program";
  return comparison;
}

results::Looks once(const Series& series) {
  const auto n = static_cast<int64_t>(series.baseline.size());
  return {n, n};
}

/// A gate that no change could open or shut is not merely undecided.
void say_too_few(size_t gates, double error, Comparison& comparison) {
  comparison.reason = fmt::format(
      "{} samples decide nothing here: {} gated figure{} {} at least {}", comparison.ratio.n, gates,
      gates == 1 ? "" : "s", gates == 1 ? "needs" : "need", results::fewest_samples(gates, error));
}

Comparison missing(const Gate& gate, const std::string& mode) {
  Comparison comparison;
  comparison.metric = gate.metric;
  comparison.mode = mode;
  comparison.gated = true;
  comparison.verdict = results::name_of(Change::kIncomparable);
  comparison.reason = "the two programs have no such figure in common";
  return comparison;
}

}  // namespace

void PairedSeries::add(Series series) {
  for (size_t i = 0; i < series.baseline.size(); ++i)
    series.ratios.push_back(ratio_of(series.candidate[i], series.baseline[i]));
  all_.push_back(std::move(series));
}

void PairedSeries::add(const Observation& baseline, const Observation& candidate) {
  for (const Figure& figure : baseline) {
    const auto same = [&](const auto& other) { return other.key == figure.key; };
    const auto twin = std::find_if(candidate.begin(), candidate.end(), same);
    if (twin == candidate.end()) continue;
    auto known = std::find_if(all_.begin(), all_.end(), same);
    if (known == all_.end())
      known = all_.insert(known, Series{figure.key, figure.unit, {}, {}, {}});
    if (twin->unit != figure.unit)
      known->obstacle = fmt::format("unit: {}, {}", figure.unit, twin->unit);
    known->baseline.push_back(figure.value);
    known->candidate.push_back(twin->value);
    known->ratios.push_back(twin->ratio.value_or(ratio_of(twin->value, figure.value)));
  }
}

const Series* PairedSeries::find(const std::string& metric, const std::string& mode) const {
  const Series* best = nullptr;
  const auto rank = [](const Series& series) {
    const FigureKey& key = series.key;
    return std::tuple(key.backend == "native" ? 0 : 1, -key.n_prompt, key.depth, -key.n_gen);
  };
  for (const Series& series : all_) {
    if (series.key.metric != metric || series.key.mode != mode) continue;
    if (best == nullptr || rank(series) < rank(*best)) best = &series;
  }
  return best;
}

std::vector<Comparison> PairedSeries::judge(const CompareRequest& request,
                                            const std::optional<results::Looks>& looks) const {
  const std::string mode =
      !request.mode.empty() || all_.empty() ? request.mode : all_.front().key.mode;
  std::vector<Comparison> out;
  std::vector<const Series*> gated;  // noisy figures, in the order of `gate`
  std::vector<size_t> places;        // where each stands in `out`
  std::vector<results::Gated> gate;
  std::vector<const Series*> used;
  for (const Gate& asked : request.gates) {
    const Series* const series = find(asked.metric, mode);
    if (series == nullptr) {
      out.push_back(missing(asked, mode));
      continue;
    }
    const ComparedMetric& metric = *results::find_compared(asked.metric);
    const double margin = asked.margin.value_or(metric.margin);
    used.push_back(series);
    if (!series->obstacle.empty()) {
      out.push_back(incomparable(*series, margin));
      out.back().gated = true;
      continue;
    }
    if (margin > 0) {
      places.push_back(out.size());
      gated.push_back(series);
      gate.push_back({results::log_ratios(series->ratios, metric.higher_is_better), margin,
                      looks ? std::nullopt : std::optional(once(*series))});
    }
    out.push_back(margin > 0 ? start_of(*series, margin)
                             : judge_exact(*series, metric.higher_is_better));
    out.back().gated = true;
  }
  const std::vector<Judgement> judgements =
      results::judge_together(gate, looks.value_or(results::Looks(1, 1)), request.error);
  for (size_t i = 0; i < gate.size(); ++i) {
    fill(out[places[i]], judgements[i],
         results::find_compared(gated[i]->key.metric)->higher_is_better);
    if (judgements[i].change == Change::kInconclusive && !judgements[i].interval)
      say_too_few(gate.size(), request.error, out[places[i]]);
  }
  for (const Series& series : all_) {
    const ComparedMetric* const metric = results::find_compared(series.key.metric);
    if (metric == nullptr || std::find(used.begin(), used.end(), &series) != used.end()) continue;
    if (!series.obstacle.empty()) {
      out.push_back(incomparable(series, metric->margin));
      continue;
    }
    if (metric->margin == 0) {
      out.push_back(judge_exact(series, metric->higher_is_better));
      continue;
    }
    out.push_back(start_of(series, metric->margin));
    fill(out.back(),
         results::judge(results::log_ratios(series.ratios, metric->higher_is_better),
                        metric->margin, looks ? *looks : once(series), request.error),
         metric->higher_is_better);
  }
  return out;
}

bool too_few_to_decide(const Comparison& comparison) {
  return comparison.verdict == results::name_of(Change::kInconclusive) && comparison.margin > 0 &&
         !comparison.ratio.ci;
}

bool decided(const std::vector<Comparison>& comparisons) {
  return std::none_of(comparisons.begin(), comparisons.end(), [](const Comparison& comparison) {
    return comparison.gated && comparison.verdict == results::name_of(Change::kInconclusive);
  });
}

}  // namespace nety::bench
