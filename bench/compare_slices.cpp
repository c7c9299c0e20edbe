#include "bench/compare_slices.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "bench/compared_worker.h"
#include "core/base/error.h"
#include "core/measure/stopwatch.h"
#include "core/results/robust.h"

namespace nety::bench {
namespace {

constexpr int64_t kTrialPrompt = 64, kTrialSteps = 4;  // by which speeds are found,
constexpr int kTrials = 3;                             // the best of three

using results::median_of;

/// Uniform in [0, below): the standard's distributions differ from library to library.
size_t draw(std::mt19937_64& random, size_t below) { return static_cast<size_t>(random() % below); }

template <class T>
void shuffle(std::vector<T>& items, std::mt19937_64& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[draw(random, i)]);
}

/// A program in a pair: its worker, and the rates of its slices, turn by turn.
struct Compared {
  Compared(const std::vector<std::string>& program, const CompareWorkload& workload)
      : worker(program, workload) {}

  ComparedWorker worker;
  Observation load;
  std::vector<double> decode_tps, prefill_tps, decode_cpu_s, decode_instructions;
};

class SlicedPairs final : public PairSource {
 public:
  SlicedPairs(std::vector<Compared> contenders, const SlicePlan& plan, int protocol,
              int64_t renew_every)
      : contenders_(std::move(contenders)),
        plan_(plan),
        protocol_(protocol),
        renew_every_(std::max<int64_t>(renew_every, 1)) {}

  std::optional<ObservedPair> next(int64_t done, CompareObserver& observer) override {
    // Another seed for each pair, the same ones in every comparison.
    std::mt19937_64 random(static_cast<uint64_t>(done) + 1);
    const measure::Stopwatch watch;
    TurnOrder order(contenders_.size(), random()), prefill_order(contenders_.size(), random());
    if (done % renew_every_ == 0) start(order.next());
    for (Compared& contender : contenders_) {
      contender.decode_tps.clear();
      contender.prefill_tps.clear();
      contender.decode_cpu_s.clear();
      contender.decode_instructions.clear();
    }
    for (int64_t turn = 0; turn < plan_.turns; ++turn) {
      const bool late = plan_.pair_limit_s > 0 && watch.seconds() > plan_.pair_limit_s;
      if (late && turn >= kFewestTurns) break;
      for (const size_t i : order.next()) {
        if (observer.interrupted()) return std::nullopt;
        decode(contenders_[i], turn);
      }
      const bool prefills =
          (turn + 1) * plan_.prefills / plan_.turns > turn * plan_.prefills / plan_.turns;
      if (!prefills) continue;
      for (const size_t i : prefill_order.next()) {
        if (observer.interrupted()) return std::nullopt;
        prefill(contenders_[i]);
      }
    }
    return figures();
  }

 private:
  /// Fresh processes, and a turn that is not counted: page faults, clock ramps and thread starts
  /// happen in it.
  void start(const std::vector<size_t>& order) {
    for (const size_t i : order) contenders_[i].worker.quit();
    for (const size_t i : order) {
      Compared& contender = contenders_[i];
      contender.load = contender.worker.load_figures(contender.worker.start());
      contender.worker.speak(protocol_);
    }
    for (const size_t i : order) {
      Compared& contender = contenders_[i];
      prefill(contender);
      const int64_t n_gen = contender.worker.workload().n_gen;
      const Slice middle = contender.worker.take({SliceKind::kDecode, n_gen / 2, 1});
      contender.worker.add(contender.load, "bytes_per_token", "decode", 0, n_gen, "bytes",
                           middle.bytes_per_token);
    }
  }

  /// Slices go through the n_gen tokens of decode one after the other, and begin again.
  void decode(Compared& contender, int64_t turn) const {
    const int64_t places = std::max<int64_t>(contender.worker.workload().n_gen / plan_.tokens, 1);
    const int64_t depth = protocol_ >= kSliceProtocol ? turn % places * plan_.tokens : 0;
    const Slice slice = contender.worker.take({SliceKind::kDecode, depth, plan_.tokens});
    contender.decode_tps.push_back(slice.tps());
    const auto tokens = static_cast<double>(slice.tokens);
    contender.decode_cpu_s.push_back(slice.cpu_s / tokens);
    const double counted = slice.counts[static_cast<size_t>(machine::Counter::kInstructions)];
    contender.decode_instructions.push_back(counted / tokens);
  }

  void prefill(Compared& contender) const {
    contender.prefill_tps.push_back(
        contender.worker.take({SliceKind::kPrefill, 0, plan_.n_prompt}).tps());
  }

  ObservedPair figures() {
    std::vector<Observation> seen;
    for (Compared& contender : contenders_) {
      Observation out = std::exchange(contender.load, {});
      const int64_t n_gen = contender.worker.workload().n_gen;
      contender.worker.add(out, "tg_tps", "decode", 0, n_gen, "tok/s",
                           median_of(contender.decode_tps));
      contender.worker.add(out, "tg_cpu_s", "decode", 0, n_gen, "s",
                           median_of(contender.decode_cpu_s));
      contender.worker.add(out, "instructions_per_token", "decode", 0, n_gen, "instructions",
                           median_of(contender.decode_instructions));
      contender.worker.add(out, "pp_tps", "prefill", plan_.n_prompt, 0, "tok/s",
                           median_of(contender.prefill_tps));
      for (const Observation& more : {contender.worker.first_token(), contender.worker.memory()})
        out.insert(out.end(), more.begin(), more.end());
      seen.push_back(std::move(out));
    }
    for (size_t i = 1; i < contenders_.size(); ++i) {
      set_ratio(seen[i], "tg_tps", contenders_[i].decode_tps, contenders_[0].decode_tps);
      set_ratio(seen[i], "tg_cpu_s", contenders_[i].decode_cpu_s, contenders_[0].decode_cpu_s);
      set_ratio(seen[i], "instructions_per_token", contenders_[i].decode_instructions,
                contenders_[0].decode_instructions);
      set_ratio(seen[i], "pp_tps", contenders_[i].prefill_tps, contenders_[0].prefill_tps);
    }
    return {seen[0], seen[1], seen.size() > 2 ? seen[2] : Observation()};
  }

  /// The median over turns of the ratio within a turn.
  static void set_ratio(Observation& out, const char* metric, const std::vector<double>& values,
                        const std::vector<double>& baseline) {
    std::vector<double> ratios;
    for (size_t i = 0; i < values.size(); ++i) ratios.push_back(values[i] / baseline[i]);
    for (Figure& figure : out)
      if (figure.key.metric == metric) figure.ratio = median_of(ratios);
  }

  std::vector<Compared> contenders_;
  SlicePlan plan_;
  int protocol_;
  int64_t renew_every_;
};

std::vector<Compared> contenders_of(const SlicedPrograms& programs, bool self_check) {
  CompareWorkload workload = programs.workload;
  workload.engine.run.context = context_needed(workload);
  std::vector<Compared> contenders;
  contenders.emplace_back(programs.baseline, workload);
  contenders.emplace_back(programs.candidate, workload);
  if (self_check) contenders.emplace_back(programs.baseline, workload);
  return contenders;
}

/// Memory as a loaded program has it: its own, at its peak, and of files that others share.
struct Footprints {
  double own = 0, peak = 0, shared = 0;
  void take(const Reply& loaded) {
    const auto larger = [&](double& value, const char* name) {
      if (const double said = loaded.number(name); said > value) value = said;
    };
    larger(own, "steady_anon_bytes");
    larger(peak, "peak_anon_bytes");
    larger(shared, "steady_file_bytes");
  }
};

/// The slower of what was known and what this worker does.
void find_speeds(ComparedWorker& worker, const Reply& loaded, double load_s, int64_t n_prompt,
                 SliceSpeeds& speeds) {
  const SliceRequest prefill{SliceKind::kPrefill, 0, std::min(kTrialPrompt, n_prompt)};
  const SliceRequest decode{SliceKind::kDecode, 0, std::min(kTrialSteps, worker.workload().n_gen)};
  const double threads = std::max(loaded.number("threads"), 1.0);
  double prefill_tps = 0, decode_tps = 0, undisturbed_s = 0;
  for (int i = 0; i < kTrials; ++i) {
    const Slice slice = worker.take(prefill);
    const double work_s =
        slice.cpu_s > 0 ? std::min(slice.cpu_s / threads, slice.seconds) : slice.seconds;
    const double token_s = work_s / static_cast<double>(slice.tokens);
    undisturbed_s = i == 0 ? token_s : std::min(undisturbed_s, token_s);
    prefill_tps = std::max(prefill_tps, slice.tps());
    decode_tps = std::max(decode_tps, worker.take(decode).tps());
  }
  speeds.load_s = std::max(speeds.load_s, load_s);
  speeds.prefill_token_s = std::max(speeds.prefill_token_s, 1 / prefill_tps);
  speeds.step_s = std::max(speeds.step_s, 1 / decode_tps);
  speeds.undisturbed_token_s = std::max(speeds.undisturbed_token_s, undisturbed_s);
}

}  // namespace

TurnOrder::TurnOrder(size_t count, uint64_t seed) : random_(seed) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  do orders_.push_back(order);
  while (std::next_permutation(order.begin(), order.end()));
  used_ = orders_.size();
}

const std::vector<size_t>& TurnOrder::next() {
  if (used_ == orders_.size()) {
    shuffle(orders_, random_);
    used_ = 0;
  }
  return orders_[used_++];
}

SlicedTrial try_slices(const SlicedPrograms& programs, const CompareRequest& request) {
  const measure::Stopwatch watch;
  SlicedTrial trial;
  std::vector<Compared> contenders = contenders_of(programs, request.self_check);
  const auto count = static_cast<int64_t>(contenders.size());
  Footprints memory;
  SliceSpeeds speeds;
  trial.protocol = kProtocol;
  for (size_t i = 0; i < 2; ++i) {
    ComparedWorker& worker = contenders[i].worker;
    const measure::Stopwatch load;
    const Outcome loaded = worker.try_start();
    if (i > 0 && loaded.status == results::Status::kDoesNotFit) {
      trial.reason = loaded.reason;  // alone it may fit
      return trial;
    }
    if (!loaded) worker.refuse(loaded.reason);
    const double load_s = load.seconds();
    memory.take(loaded.reply);
    trial.protocol = std::min(trial.protocol, worker.protocol());
    find_speeds(worker, loaded.reply, load_s, programs.workload.n_prompt, speeds);
    trial.needed_bytes = memory.own * static_cast<double>(count - 1) +
                         std::max(memory.own, memory.peak) + memory.shared;
    if (programs.available_bytes > 0 &&
        !fit_together(count, memory.own, memory.peak, memory.shared, programs.available_bytes))
      return trial;
  }
  for (Compared& contender : contenders) contender.worker.quit();

  SliceWishes wishes;
  wishes.least = request.least;
  wishes.most = request.most;
  wishes.fixed_pairs = programs.fixed_pairs;
  wishes.fixed_prompt = programs.fixed_prompt;
  wishes.fill_budget = programs.fixed_budget || !programs.fixed_pairs;
  wishes.n_prompt = programs.workload.n_prompt;
  wishes.n_gen = programs.workload.n_gen;
  wishes.programs = count;
  wishes.renew_every = request.renew_every;
  wishes.budget_s = request.budget_s > 0 ? std::max(request.budget_s - watch.seconds(), 1.0) : 0;
  trial.plan = plan_slices(speeds, wishes);
  trial.pairs = std::make_unique<SlicedPairs>(std::move(contenders), trial.plan, trial.protocol,
                                              request.renew_every);
  return trial;
}

}  // namespace nety::bench
