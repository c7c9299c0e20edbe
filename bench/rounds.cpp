// In rounds: loads alone, then groups that fit in memory together, each measured in turn.
#include <fmt/core.h>

#include <algorithm>

#include "bench/session.h"
#include "core/base/files.h"

namespace nety::bench {
namespace {

constexpr double kLoadShare = 0.3;      // of the budget, for loads before the rounds
constexpr double kQualityShare = 0.35;  // of the budget, for quality after them

class Rounds final : public Session {
 public:
  Rounds(const BenchRequest& request, const results::Machine& machine, Observer& observer)
      : Session(request, machine, observer) {
    total_steps_ = static_cast<int>(entries_.size()) *
                   (request_.load_passes + 1 + request_.repetitions + (has_quality() ? 1 : 0));
  }

  results::File measure() override {
    for (int pass = 0; pass < request_.load_passes; ++pass) {
      if (pass > 0 && over(kLoadShare)) break;
      load_pass(pass);
    }
    for (size_t next = 0; next < entries_.size() && !interrupted();) {
      const std::vector<size_t> group = load_group(next);
      measure_group(group, share_of(group.size(), entries_.size() - next + group.size()));
    }
    if (interrupted()) warnings_.push_back("Interrupted: some rows have fewer samples or none.");
    return file();
  }

 private:
  /// True once that share of the budget is spent.
  bool over(double share) const {
    return request_.budget_s > 0 && clock_.seconds() > share * request_.budget_s;
  }

  Step step_now() override {
    Step step;
    step.done = done_steps_++;
    step.total = std::max(total_steps_, done_steps_);
    if (step.done > static_cast<int>(entries_.size()))
      step.left_s = clock_.seconds() / step.done * (step.total - step.done);
    if (request_.budget_s > 0)
      step.left_s = std::min(step.left_s.value_or(request_.budget_s),
                             std::max(request_.budget_s - clock_.seconds(), 0.0));
    return step;
  }

  /// Loads each configuration with nothing else in memory, so that its time, its peak and whether
  /// it fits are its own.
  void load_pass(int pass) {
    for (const size_t i : order_of_round(entries_.size(), pass)) {
      Entry& entry = *entries_[i];
      if (entry.given_up() || interrupted()) continue;
      step(entry, "load");
      entry.load();
      entry.unload();
    }
  }

  /// Loads configurations from `next` on whose workers can live side by side, at least one, and
  /// moves `next` behind them.
  std::vector<size_t> load_group(size_t& next) {
    const uint64_t limit = memory_limit();
    std::vector<size_t> group;
    uint64_t used = 0;
    for (; next < entries_.size() && !interrupted(); ++next) {
      Entry& entry = *entries_[next];
      if (entry.given_up()) continue;
      const uint64_t expected = peak_of(entry);
      if (!group.empty() && !fits_together(used, expected, limit)) break;
      step(entry, "load");
      if (!entry.load()) continue;
      entry.warm_up();
      group.push_back(next);
      used += peak_of(entry);
    }
    return group;
  }

  /// The seconds of the budget that `count` configurations of `left` may take from now on; 0: no
  /// budget.
  double share_of(size_t count, size_t left) const {
    if (request_.budget_s <= 0 || left == 0) return 0;
    return std::max(request_.budget_s - clock_.seconds(), 0.001) * static_cast<double>(count) /
           static_cast<double>(left);
  }

  /// Rounds and quality for configurations whose workers are there, in `share` seconds (0: no
  /// limit).
  void measure_group(const std::vector<size_t>& group, double share) {
    const double start = clock_.seconds();
    const double for_rounds = has_quality() ? share * (1 - kQualityShare) : share;
    double last_round = 0;
    for (int round = 0; round < request_.repetitions; ++round) {
      const double begun = clock_.seconds();
      const bool out_of_time = share > 0 && begun + last_round > start + for_rounds;
      if (interrupted() || (round > 0 && out_of_time)) break;
      measure_round(group, round);
      last_round = clock_.seconds() - begun;
    }
    for (const size_t i : group)
      if (entries_[i]->loaded()) entries_[i]->note_memory();
    if (has_quality()) measure_quality(group, share > 0 ? start + share : 0);
    for (const size_t i : group) entries_[i]->unload();
  }

  void measure_round(const std::vector<size_t>& group, int round) {
    for (const size_t place : order_of_round(group.size(), round)) {
      Entry& entry = *entries_[group[place]];
      if (entry.given_up() || !entry.loaded() || interrupted()) continue;
      step(entry, "measure");
      entry.round(round);
    }
  }

  /// All configurations score a window before any goes to the next, the reference first. So only
  /// one window of the reference's distributions is ever stored.
  void measure_quality(const std::vector<size_t>& group, double deadline) {
    const TemporaryFolder scratch;
    const std::string distributions = scratch.file("distributions");
    Entry* const reference = distributions.empty() ? nullptr : reference_of(group);
    std::vector<Entry*> order;
    for (const size_t i : group)
      if (entries_[i].get() != reference) order.push_back(entries_[i].get());
    if (reference != nullptr) order.insert(order.begin(), reference);
    const std::unique_ptr<Entry> again = noise_of(reference);
    if (again != nullptr) order.push_back(again.get());
    int64_t windows = 0;
    for (Entry* entry : order) {
      if (entry->given_up() || !entry->loaded() || interrupted()) continue;
      step(*entry, "quality");
      windows = std::max(windows, entry->begin_quality());
    }
    for (int64_t window = 0; window < windows; ++window) {
      if (interrupted() || (deadline > 0 && window > 0 && clock_.seconds() > deadline)) break;
      score_window(window, order, reference, false, distributions);
    }
    end_quality(order, reference, again.get());
  }

  int done_steps_ = 0, total_steps_ = 0;
};

}  // namespace

std::unique_ptr<Session> make_rounds(const BenchRequest& request, const results::Machine& machine,
                                     Observer& observer) {
  return std::make_unique<Rounds>(request, machine, observer);
}

}  // namespace nety::bench
