// A run by slices: workers stay loaded beside each other, and the schedule says whose slice is
// next. First what the policy's claims need of speed, then quality, then what is left.
#include <algorithm>
#include <utility>

#include "bench/questions.h"
#include "bench/schedule.h"
#include "bench/session.h"
#include "core/base/files.h"
#include "core/results/paired.h"

namespace nety::bench {
namespace {

constexpr double kForever = 1e9;      // seconds, where there is no budget
constexpr double kClosing = 0.5;      // seconds for ending the workers
constexpr double kSpeedShare = 0.5;   // of the budget, for speed before quality, at least
constexpr double kDecodeSlice = 0.3;  // seconds
constexpr double kLongestPrefill = 0.5;
constexpr int64_t kPrompts[] = {512, 256, 128};  // what a prefill slice may be, besides:
constexpr int64_t kShortestPrompt = 64;
constexpr int64_t kProbes = 6;         // slices that are followed by a look at the roofline
constexpr int64_t kSamples = 6;        // of each figure: the fewest that have an interval
constexpr int64_t kOldProcess = 6;     // slices, after which a close call wants a fresh one
constexpr int64_t kFewestWindows = 6;  // of text, for an interval (quality.cpp)
constexpr double kWindowTokens = 256, kWindowFactor = 1.3, kWindowScoring = 0.1;
constexpr double kOtherLoads = 3;  // another engine loads that many times as long, about
constexpr int kStreams = 3;

class Sequential final : public Session {
 public:
  Sequential(const BenchRequest& request, const results::Machine& machine, Observer& observer)
      : Session(request, machine, observer),
        configurations_(configurations(request_)),
        choice_(find_choice(configurations_, request_.chosen_mode, request_.chosen_backend)),
        order_(opening_order(configurations_, choice_)),
        schedule_(std::vector<Cost>(configurations_.size()),
                  questions_of(configurations_, choice_, request_.run.device), memory_limit()),
        since_load_(configurations_.size(), 0),
        load_s_(configurations_.size(), 0),
        scored_(configurations_.size(), false) {
    request_.run.context =
        context_needed(request_);  // the same for all, whatever the prompt becomes
  }

  results::File measure() override {
    open();
    // Quality needs its share, but not before speed has had one.
    const double speed_ends =
        std::max(kSpeedShare * budget(), budget() - kClosing - quality_s(own()));
    const double left_after = has_quality() ? budget() - kClosing - speed_ends : 0;
    announce(left_after);
    while (one_turn(left_after, kOwnRank, true)) continue;
    if (has_quality()) quality(own());
    consider_quality();
    wish();
    stream_each();
    while (one_turn(other_quality_s(), kEveryRank, true)) continue;
    if (has_quality()) quality(others());
    consider_quality();
    if (has_quality()) noise_floor();
    for (int i = 1; i < kStreams; ++i) stream_each();
    while (one_turn(0, kEveryRank, false)) continue;
    return close();
  }

 private:
  double budget() const { return request_.budget_s > 0 ? request_.budget_s : kForever; }
  double left() const { return budget() - kClosing - clock_.seconds(); }
  Entry& entry(size_t contender) { return *entries_[contender]; }
  bool is_own(size_t i) const { return configurations_[i].backend == "native"; }

  std::vector<size_t> those(bool own) const {
    std::vector<size_t> out;
    for (const size_t i : order_)
      if (is_own(i) == own && !entries_[i]->given_up()) out.push_back(i);
    return out;
  }
  std::vector<size_t> own() const { return those(true); }
  std::vector<size_t> others() const {
    std::vector<size_t> out;
    for (const size_t i : those(false))
      if (schedule_.is_loaded(i)) out.push_back(i);
    return out;
  }

  Step step_now() override {
    Step step;
    step.total = 100;
    const double needed = schedule_.forecast(left()).needed_s;
    step.left_s = std::max(std::min(left(), needed), 0.0);
    const double whole = clock_.seconds() + *step.left_s;
    step.done = static_cast<int>(100 * clock_.seconds() / std::max(whole, 1e-3));
    return step;
  }

  // ---- workers ----------------------------------------------------------------------------------

  bool load(size_t i) {
    if (schedule_.is_loaded(i)) return true;
    if (interrupted()) return false;
    const measure::Stopwatch watch;
    if (!entry(i).given_up()) step(entry(i), "load");
    if (entry(i).given_up() || !entry(i).load()) {
      schedule_.drop(i);
      return false;
    }
    if (!request_.no_text.empty()) entry(i).warm_up();
    since_load_[i] = 0;
    scored_[i] = false;
    schedule_.loaded(i, watch.seconds(), peak_of(entry(i)));
    load_s_[i] = watch.seconds();
    return true;
  }

  void unload(size_t i) {
    if (entry(i).loaded() && !scored_[i]) entry(i).note_memory();
    entry(i).unload();
    schedule_.unloaded(i);
  }

  /// Ends workers that `kept` does not name until those can be in memory together, what nobody
  /// needs any more first.
  void make_room(const std::vector<size_t>& kept) {
    const auto is_kept = [&](size_t i) {
      return std::find(kept.begin(), kept.end(), i) != kept.end();
    };
    for (const bool needed : {false, true})
      for (size_t i = 0; i < entries_.size(); ++i) {
        uint64_t used = 0;
        for (size_t k = 0; k < entries_.size(); ++k)
          if (schedule_.is_loaded(k) || is_kept(k)) used += peak_of(entry(k));
        if (used <= memory_limit()) return;
        if (schedule_.is_loaded(i) && !is_kept(i) && schedule_.needed(i) == needed) unload(i);
      }
  }

  void load_for(const Turn& turn) {
    std::vector<size_t> contenders;
    for (const Turn::Part& part : turn.parts) contenders.push_back(part.contender);
    // Where one process's pages lie in memory must not decide a close call.
    for (const size_t i : contenders)
      if (schedule_.is_loaded(i) && is_old(i) && schedule_.is_close_call(i)) unload(i);
    if (turn.apart) return say_apart();
    make_room(contenders);
    for (const size_t i : contenders) load(i);
  }

  /// Its slices have taken twice the time of its load, at least.
  bool is_old(size_t i) const {
    const auto slices = static_cast<double>(since_load_[i]);
    return since_load_[i] >= kOldProcess && slices * kDecodeSlice >= 2 * load_s_[i];
  }

  void say_apart() {
    if (std::exchange(said_apart_, true)) return;
    warnings_.push_back(
        "Some configurations do not fit in memory together: they were loaded in turn, a few slices "
        "at a time.");
  }

  // ---- speed ------------------------------------------------------------------------------------

  /// One turn that leaves `reserve` seconds; false if there is none.
  bool one_turn(double reserve, int highest_rank, bool sure) {
    if (interrupted()) return false;
    const std::optional<Turn> turn = schedule_.next(left() - reserve, highest_rank, sure);
    if (turn) take(*turn);
    return turn.has_value();
  }

  void take(const Turn& turn) {
    load_for(turn);
    for (const Turn::Part& part : turn.parts) {
      const size_t i = part.contender;
      if (interrupted()) return;
      if (turn.apart) {
        make_room({i});
        load(i);
      }
      if (!schedule_.is_loaded(i)) continue;
      if (part.kind == SliceKind::kDecode) step(entry(i), "measure");
      const bool probe = schedule_.samples(i, part.kind) < kProbes;
      const measure::Stopwatch watch;
      const std::optional<double> rate = entry(i).slice(part.kind, part.turn, kDecodeSlice, probe);
      ++since_load_[i];
      if (rate)
        schedule_.add(part, *rate, watch.seconds());
      else
        schedule_.drop(i);
    }
  }

  /// The choice and the reference: what they cost says what everything will.
  void open() {
    std::vector<size_t> first;
    for (const size_t i : order_)
      if (first.size() < 2 && load(i)) first.push_back(i);
    if (first.empty()) return;
    const size_t slowest = first.back();
    if (request_.fit_prompt) fit_prompt(entry(slowest));
    take(schedule_.opening(first));
    for (const size_t i : order_) {
      if (schedule_.is_loaded(i)) continue;
      Cost cost = schedule_.cost(slowest);
      cost.load_s = load_s_[slowest] * (is_own(i) ? 1 : kOtherLoads);
      for (const SliceKind kind : {SliceKind::kPrefill, SliceKind::kDecode})
        cost.slice_s[static_cast<size_t>(kind)] = expected_slice_s(slowest, kind);
      cost.bytes = peak_of(entry(i));
      schedule_.expect(i, cost);
    }
  }

  double expected_slice_s(size_t like, SliceKind kind) const {
    const double rate = schedule_.rate(like, kind);
    if (kind == SliceKind::kDecode || rate <= 0) return 1.5 * kDecodeSlice;
    return static_cast<double>(request_.prompts.front()) / rate;
  }

  /// The longest prompt whose prefill is a slice.
  void fit_prompt(Entry& reference) {
    const double per_token = reference.try_prefill(kShortestPrompt) / kShortestPrompt;
    int64_t fitting = kShortestPrompt;
    for (const int64_t prompt : kPrompts)
      if (prompt <= request_.prompts.front() && per_token > 0 &&
          per_token * static_cast<double>(prompt) <= kLongestPrefill)
        fitting = std::max(fitting, prompt);
    request_.prompts = {std::min(fitting, request_.prompts.front())};
    for (const auto& one : entries_) one->set_prompt(request_.prompts.front());
  }

  /// `reserved`: seconds at the end that are not for speed.
  void announce(double reserved) {
    const double quality = has_quality() ? quality_s(own()) : 0;
    const Forecast forecast = schedule_.forecast(left() - reserved);
    Expectation expectation;
    expectation.ends_s = left();
    expectation.decided_s = std::min(left(), forecast.needed_s + quality);
    for (const Doubt& doubt : forecast.too_long)
      expectation.too_long.push_back(
          {name_of(schedule_.questions()[doubt.question], configurations_), doubt.seconds});
    surroundings_.observer.expect(expectation);
  }

  void wish() {
    for (const size_t i : order_)
      for (const SliceKind kind : {SliceKind::kPrefill, SliceKind::kDecode})
        schedule_.want(i, kind, kSamples, is_own(i) ? kOwnWishRank : kOtherWishRank);
  }

  void stream_each() {
    for (const size_t i : order_)
      if (schedule_.is_loaded(i) && left() > kStreams * window_s(i) && !interrupted())
        entry(i).stream_once();
  }

  // ---- quality ----------------------------------------------------------------------------------

  /// Seconds for a window of text, about.
  double window_s(size_t i) const {
    const double rate = schedule_.rate(i, SliceKind::kPrefill);
    const double usual = schedule_.rate(order_.front(), SliceKind::kPrefill);
    const double known = rate > 0 ? rate : usual;
    return known > 0 ? kWindowFactor * kWindowTokens / known + kWindowScoring : 1;
  }
  double quality_s(const std::vector<size_t>& group) const {
    double sum = 0;
    for (const size_t i : group) sum += kFewestWindows * window_s(i);
    return sum;
  }
  /// For other engines: of those that will be there, as many as there is time for.
  double other_quality_s() const { return has_quality() ? quality_s(others()) : 0; }

  /// Scores `wanted`, which are in the order of their importance, as many at a time as fit.
  void quality(std::vector<size_t> wanted) {
    while (!wanted.empty() && !interrupted()) {
      const std::vector<size_t> group = next_group(wanted);
      if (group.empty()) return;
      score(group);
      std::erase_if(wanted, [&](size_t i) {
        return std::find(group.begin(), group.end(), i) != group.end();
      });
    }
  }

  /// The first of `wanted` for whom there is time for six windows, beside the reference.
  std::vector<size_t> next_group(const std::vector<size_t>& wanted) {
    std::vector<size_t> group;
    const std::optional<size_t> reference = reference_index();
    double seconds = reference ? kFewestWindows * window_s(*reference) : 0;
    uint64_t bytes = reference ? peak_of(entry(*reference)) : 0;
    for (const size_t i : wanted) {
      if (i != reference) {
        seconds += kFewestWindows * window_s(i);
        bytes += peak_of(entry(i));
      }
      if (seconds > left() || (bytes > memory_limit() && !group.empty())) break;
      group.push_back(i);
    }
    return group;
  }

  std::optional<size_t> reference_index() const {
    for (const size_t i : order_)
      if (configurations_[i].mode == kReferenceMode && !entries_[i]->given_up()) return i;
    return std::nullopt;
  }

  void score(const std::vector<size_t>& group) {
    const TemporaryFolder scratch;
    const std::string distributions = scratch.file("distributions");
    const std::optional<size_t> reference =
        distributions.empty() ? std::nullopt : reference_index();
    std::vector<size_t> members;
    if (reference) members.push_back(*reference);
    for (const size_t i : group)
      if (i != reference) members.push_back(i);
    make_room(members);
    std::vector<Entry*> order;
    int64_t windows = 0;
    double window = 0;
    for (const size_t i : members) {
      if (!load(i)) continue;
      if (!scored_[i]) entry(i).note_memory();
      step(entry(i), "quality");
      windows = std::max(windows, entry(i).begin_quality());
      scored_[i] = true;
      window += window_s(i);
      order.push_back(&entry(i));
    }
    Entry* const first =
        reference && schedule_.is_loaded(*reference) ? &entry(*reference) : nullptr;
    const bool known = first != nullptr && !first->quality().metrics.empty();
    score_windows(windows, window, order, first, known, distributions);
    std::vector<Entry*> ended = order;
    if (known) std::erase(ended, first);
    end_quality(ended, first, nullptr);
  }

  /// As many windows as there is time for, by what the first one took: never by what it said.
  void score_windows(int64_t windows, double window_s, const std::vector<Entry*>& order,
                     Entry* reference, bool known, const std::string& distributions) {
    const double until = clock_.seconds() + std::max(quality_time(), kFewestWindows * window_s);
    for (int64_t window = 0; window < windows && !interrupted(); ++window) {
      const double begun = clock_.seconds();
      if (window > 0 && begun + window_s > std::min(until, budget() - kClosing)) break;
      score_window(window, order, reference, known, distributions);
      window_s = clock_.seconds() - begun;
    }
  }

  /// What quality may take from now on: speed has what is undecided, if anything is.
  double quality_time() const {
    return left() - std::min(schedule_.forecast(left()).needed_s, kSpeedShare * left());
  }

  void noise_floor() {
    const std::optional<size_t> index = reference_index();
    if (!index || !schedule_.is_loaded(*index) || entry(*index).quality().metrics.empty()) return;
    // One thread takes about twice as long as two, and so on.
    const double slower = 1 + static_cast<double>(request_.run.threads);
    if (left() < kFewestWindows * slower * window_s(*index) + 2) return;
    const TemporaryFolder scratch;
    const std::string distributions = scratch.file("distributions");
    Entry* const reference = &entry(*index);
    const std::unique_ptr<Entry> again = distributions.empty() ? nullptr : noise_of(reference);
    if (again == nullptr) return;
    const std::vector<Entry*> order = {reference, again.get()};
    int64_t windows = 0;
    for (Entry* one : order) windows = std::max(windows, one->begin_quality());
    score_windows(windows, slower * window_s(*index), order, reference, true, distributions);
    end_quality({again.get()}, reference, again.get());
  }

  results::Closeness closeness_of(size_t i) {
    const results::Result quality = entry(i).quality();
    const auto metric = [&quality](const char* name) {
      const auto found = quality.metrics.find(name);
      return found == quality.metrics.end() ? nullptr : &found->second;
    };
    return results::closeness_of(metric("kld"), metric("top1_agreement"), request_.admissible);
  }

  /// What is too far from fp32 is no choice; what is close and faster settles the choice.
  void consider_quality() {
    for (size_t i = 0; i < entries_.size(); ++i)
      if (closeness_of(i) == results::Closeness::kFar) schedule_.refute(i);
    if (!choice_) return;
    const std::vector<Question>& questions = schedule_.questions();
    bool overtaken = closeness_of(*choice_) == results::Closeness::kFar;
    for (size_t q = 0; q < questions.size(); ++q)
      overtaken =
          overtaken || (questions[q].against == *choice_ && schedule_.answer(q) == Answer::kAbove &&
                        closeness_of(questions[q].candidate) == results::Closeness::kClose);
    if (overtaken) schedule_.overtaken(*choice_);
  }

  results::File close() {
    int64_t most = 0;
    for (size_t i = 0; i < entries_.size(); ++i) {
      most = std::max(most, schedule_.samples(i, SliceKind::kDecode));
      unload(i);
      // Too few to tell anything would leave the claims about our own modes in doubt.
      if (!is_own(i) && !entry(i).given_up() &&
          schedule_.samples(i, SliceKind::kDecode) < results::kFewestPairs)
        entry(i).skip_decode("the time budget ended before it had six slices");
    }
    if (interrupted()) warnings_.push_back("Interrupted: some rows have fewer samples or none.");
    request_.repetitions = static_cast<int>(std::max<int64_t>(most, 1));
    return file();
  }

  std::vector<Configuration> configurations_;
  std::optional<size_t> choice_;
  std::vector<size_t> order_;
  Schedule schedule_;
  std::vector<int64_t> since_load_;  // slices
  std::vector<double> load_s_;       // of the last load
  std::vector<bool> scored_;  // since it was loaded: its peak of memory is not its own any more
  bool said_apart_ = false;
};

}  // namespace

std::unique_ptr<Session> make_slices(const BenchRequest& request, const results::Machine& machine,
                                     Observer& observer) {
  return std::make_unique<Sequential>(request, machine, observer);
}

}  // namespace nety::bench
