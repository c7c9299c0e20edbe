// The schedule: loads alone, then groups that fit in memory together, in rounds.
#include "bench/run.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "bench/entry.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/measure/stopwatch.h"

namespace nety::bench {
namespace {

constexpr double kMemoryShare = 0.8;         // of what is available, for workers side by side
constexpr uint64_t kMostBytesPerWeight = 6;  // fp32, and the 16-bit half it is converted from
constexpr double kLoadShare = 0.3;           // of the budget, for loads before the rounds
constexpr double kQualityShare = 0.35;       // of the budget, for quality after them

class Run {
 public:
  Run(const BenchRequest& request, const results::Machine& machine, Observer& observer)
      : request_(request),
        machine_(machine),
        surroundings_{request_, machine_, observer, options::conditions(request.run),
                      nullptr,  nullptr,  nullptr} {
    if (request_.run.threads == 0) request_.run.threads = machine.cpu_budget.threads;
    if (wants_installed(request_)) surroundings_.installed = std::make_unique<Installed>(request_);
    for (const Configuration& configuration : configurations(request_))
      entries_.push_back(std::make_unique<Entry>(surroundings_, configuration));
    total_steps_ = static_cast<int>(entries_.size()) *
                   (request_.load_passes + 1 + request_.repetitions + (has_quality() ? 1 : 0));
  }

  results::File measure() {
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
  bool has_quality() const { return !request_.quality_text.empty(); }
  bool interrupted() const { return surroundings_.observer.interrupted(); }
  /// True once that share of the budget is spent.
  bool over(double share) const {
    return request_.budget_s > 0 && clock_.seconds() > share * request_.budget_s;
  }

  void step(const Entry& entry, const char* what) {
    Step step;
    step.what =
        fmt::format("{} {}: {}", entry.configuration().mode, entry.configuration().backend, what);
    step.done = done_steps_++;
    step.total = std::max(total_steps_, done_steps_);
    step.elapsed_s = clock_.seconds();
    if (step.done > static_cast<int>(entries_.size()))
      step.left_s = step.elapsed_s / step.done * (step.total - step.done);
    if (request_.budget_s > 0)
      step.left_s = std::min(step.left_s.value_or(request_.budget_s),
                             std::max(request_.budget_s - step.elapsed_s, 0.0));
    surroundings_.observer.step(step);
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

  /// The peak memory of a configuration: as measured, else the most that any of this model takes.
  uint64_t peak_of(const Entry& entry) const {
    if (entry.peak_bytes() > 0) return entry.peak_bytes();
    uint64_t most = 0;
    for (const std::unique_ptr<Entry>& other : entries_) {
      most = std::max(most, other->peak_bytes());
      if (other->model())
        most =
            std::max(most, kMostBytesPerWeight * static_cast<uint64_t>(other->model()->parameters));
    }
    return most;
  }

  /// Loads configurations from `next` on whose workers can live side by side, at least one, and
  /// moves `next` behind them.
  std::vector<size_t> load_group(size_t& next) {
    const auto limit =
        static_cast<uint64_t>(kMemoryShare * static_cast<double>(machine_.memory_available_bytes));
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

  /// The reference among those, native before others: its index, or none.
  Entry* reference_of(const std::vector<size_t>& group) const {
    for (const bool native : {true, false})
      for (const size_t i : group) {
        const Configuration& configuration = entries_[i]->configuration();
        if (configuration.mode == kReferenceMode && entries_[i]->loaded() &&
            (configuration.backend == "native") == native)
          return entries_[i].get();
      }
    return nullptr;
  }

  /// The reference again, on another number of threads: its distance to itself is the noise floor.
  /// Null where no native reference is loaded, or memory is too short for a second one.
  std::unique_ptr<Entry> noise_of(const Entry* reference) {
    if (reference == nullptr || reference->configuration().backend != "native") return nullptr;
    if (reference->peak_bytes() > machine_.memory_available_bytes / 4) return nullptr;
    Configuration configuration = reference->configuration();
    configuration.threads = request_.run.threads > 1 ? 1 : 2;
    auto again = std::make_unique<Entry>(surroundings_, configuration);
    step(*again, "load");
    return again->load() ? std::move(again) : nullptr;
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
      bool stored = false;
      for (Entry* entry : order) {
        if (entry == reference)
          stored = entry->quality_window(window, distributions, "");
        else if (entry->loaded())
          entry->quality_window(window, "", stored ? distributions : "");
      }
    }
    const std::string why = fmt::format(
        "no {} row to compare with: not asked for, not loaded, or it does not fit beside this one",
        kReferenceMode);
    for (Entry* entry : order) entry->end_quality(reference, why);
    if (again != nullptr && reference != nullptr) reference->set_noise(*again);
    if (again != nullptr) again->unload();
  }

  results::File file() {
    results::File file;
    file.tool = request_.tool;
    file.created_utc = results::now_utc();
    file.command = request_.command;
    file.machines = {machine_};
    for (const std::unique_ptr<Entry>& entry : entries_) {
      const std::optional<results::Model>& model = entry->model();
      const auto same = [&model](const results::Model& other) { return other.id == model->id; };
      if (model && std::none_of(file.models.begin(), file.models.end(), same))
        file.models.push_back(*model);
      for (results::Result& row : entry->rows()) file.results.push_back(std::move(row));
    }
    // A configuration that never loaded knows its model only by the name it was asked for.
    if (file.models.size() == 1)
      for (results::Result& row : file.results) row.model = file.models.front().id;
    file.workload.prompts = request_.prompts;
    file.workload.depths = request_.depths;
    file.workload.generate = *std::max_element(request_.gens.begin(), request_.gens.end());
    file.workload.repetitions = request_.repetitions;
    file.workload.seed = request_.seed;
    if (has_quality()) file.workload.quality_text = request_.quality_name;
    file.warnings = warnings_;
    return file;
  }

  BenchRequest request_;
  results::Machine machine_;
  Surroundings surroundings_;
  measure::Stopwatch clock_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<std::string> warnings_;
  int done_steps_ = 0, total_steps_ = 0;
};

}  // namespace

results::File run(const BenchRequest& request, const results::Machine& machine,
                  Observer& observer) {
  check(request);
  return Run(request, machine, observer).measure();
}

}  // namespace nety::bench
