// The order of a run by slices: first what the policy's claims need of speed, then quality, then
// what is left.
#include <algorithm>
#include <utility>

#include "bench/sequential.h"
#include "core/results/paired.h"

namespace nety::bench {
namespace {

constexpr double kForever = 1e9;     // seconds, where there is no budget
constexpr double kSpeedShare = 0.5;  // of the budget, for speed before quality, at least
constexpr double kLongestPrefill = 0.5;
constexpr int64_t kPrompts[] = {512, 256, 128};  // what a prefill slice may be, besides:
constexpr int64_t kShortestPrompt = 64;
constexpr int64_t kSamples = 6;     // of each figure: the fewest that have an interval
constexpr double kFirstWordBy = 7;  // seconds: half of those until the end is announced
/// What was begun within the budget may end so much later.
constexpr double kLeastDelay = 2, kDelayShare = 0.02;
constexpr double kShortestLimit = 60;  // seconds of silence, before speeds are known,
constexpr double kLongestSlice = 100;  // and in a slice afterwards
constexpr double kOtherLoads = 3;      // another engine loads that many times as long, about
constexpr int kStreams = 3;
constexpr double kStreamShare = 10;  // a stream is shown if there is time for so many windows

}  // namespace

Sequential::Sequential(const BenchRequest& request, const results::Machine& machine,
                       Observer& observer)
    : Session(request, machine, observer),
      configurations_(configurations(request_)),
      choice_(find_choice(configurations_, request_.chosen_mode, request_.chosen_backend)),
      order_(opening_order(configurations_, choice_)),
      schedule_(std::vector<Cost>(configurations_.size()),
                questions_of(configurations_, choice_, request_.run.device), memory_limit()),
      since_load_(configurations_.size(), 0),
      load_s_(configurations_.size(), 0),
      scored_(configurations_.size(), false) {
  // The same for all, whatever the prompt becomes.
  request_.run.context = context_needed(request_);
  // Before anything is measured nobody knows when it should end: but a worker may not be silent for
  // longer than all of it.
  request_.command_limit_s = std::min(request_.command_limit_s, std::max(budget(), kShortestLimit));
}

/// Quality comes as soon as speeds are roughly known: what it refutes needs no closer look.
results::File Sequential::measure() {
  open();
  const double reserve = quality_reserve();
  while (one_turn(reserve, kOwnRank, Effort::kFirst)) continue;
  if (has_quality()) quality(own());
  consider_quality();
  while (one_turn(0, kOwnRank, Effort::kSure)) continue;
  wish();
  stream_each();
  while (one_turn(other_quality_s(), kEveryRank, Effort::kSure)) continue;
  if (has_quality()) quality(others());
  consider_quality();
  if (has_quality()) noise_floor();
  for (int i = 1; i < kStreams; ++i) stream_each();
  while (one_turn(0, kEveryRank, Effort::kAll)) continue;
  return close();
}

double Sequential::budget() const { return request_.budget_s > 0 ? request_.budget_s : kForever; }

std::vector<size_t> Sequential::those(bool own) const {
  std::vector<size_t> out;
  for (const size_t i : order_)
    if (is_own(i) == own && !entries_[i]->given_up()) out.push_back(i);
  return out;
}

std::vector<size_t> Sequential::others() const {
  std::vector<size_t> out;
  for (const size_t i : those(false))
    if (schedule_.is_loaded(i)) out.push_back(i);
  return out;
}

std::optional<size_t> Sequential::reference_index() const {
  for (const size_t i : order_)
    if (configurations_[i].mode == kReferenceMode && !entries_[i]->given_up()) return i;
  return std::nullopt;
}

Step Sequential::step_now() {
  Step step;
  step.total = 100;
  const double needed = schedule_.forecast(left()).needed_s;
  step.left_s = std::max(std::min(left(), needed), 0.0);
  const double whole = clock_.seconds() + *step.left_s;
  step.done = static_cast<int>(100 * clock_.seconds() / std::max(whole, 1e-3));
  return step;
}

/// The choice and the reference: what they cost says what everything will. Where loading the first
/// of them takes too long for that, it has to speak for both.
void Sequential::open() {
  std::vector<size_t> first;
  for (const size_t i : order_) {
    if (first.size() == 2) break;
    if (!load(i)) continue;
    first.push_back(i);
    if (first.size() == 1 && clock_.seconds() > kFirstWordBy) {
      try_out(first);
      announce();
    }
  }
  if (!first.empty()) try_out(first);
  announce();
  if (request_.budget_s <= 0) return;
  surroundings_.ends_s = request_.budget_s + std::max(kLeastDelay, kDelayShare * request_.budget_s);
  surroundings_.slice_limit_s = std::min(kLongestSlice, request_.budget_s / 3);
}

/// A slice of each kind, and from the last one's the cost of those that are not loaded.
void Sequential::try_out(const std::vector<size_t>& first) {
  const size_t slowest = first.back();
  const bool none_yet = schedule_.samples(first.front(), SliceKind::kPrefill) == 0;
  if (request_.fit_prompt && none_yet) fit_prompt(entry(slowest));
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

double Sequential::expected_slice_s(size_t like, SliceKind kind) const {
  const double rate = schedule_.rate(like, kind);
  if (kind == SliceKind::kDecode || rate <= 0) return 1.5 * kDecodeSlice;
  return static_cast<double>(request_.prompts.front()) / rate;
}

/// The longest prompt whose prefill is a slice.
void Sequential::fit_prompt(Entry& reference) {
  const double per_token = reference.try_prefill(kShortestPrompt) / kShortestPrompt;
  int64_t fitting = kShortestPrompt;
  for (const int64_t prompt : kPrompts)
    if (prompt <= request_.prompts.front() && per_token > 0 &&
        per_token * static_cast<double>(prompt) <= kLongestPrefill)
      fitting = std::max(fitting, prompt);
  request_.prompts = {std::min(fitting, request_.prompts.front())};
  for (const auto& one : entries_) one->set_prompt(request_.prompts.front());
}

/// Quality needs its share, but not before speed has had one.
double Sequential::quality_reserve() const {
  if (!has_quality()) return 0;
  const double speed_ends = std::max(kSpeedShare * budget(), ends() - quality_s(own()));
  return ends() - speed_ends;
}

void Sequential::announce() {
  if (std::exchange(announced_, true)) return;
  const double quality = has_quality() ? quality_s(own()) : 0;
  const Forecast forecast = schedule_.forecast(left() - quality_reserve());
  Expectation expectation;
  expectation.ends_s = left();
  expectation.decided_s = std::min(left(), forecast.needed_s + quality);
  for (const Doubt& doubt : forecast.too_long)
    expectation.too_long.push_back(
        {name_of(schedule_.questions()[doubt.question], configurations_), doubt.seconds});
  surroundings_.observer.expect(expectation);
}

void Sequential::wish() {
  for (const size_t i : order_)
    for (const SliceKind kind : {SliceKind::kPrefill, SliceKind::kDecode})
      schedule_.want(i, kind, kSamples, is_own(i) ? kOwnWishRank : kOtherWishRank);
}

void Sequential::stream_each() {
  for (const size_t i : order_)
    if (schedule_.is_loaded(i) && left() > kStreamShare * window_s(i) && !interrupted())
      entry(i).stream_once();
}

results::File Sequential::close() {
  int64_t most = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    most = std::max(most, schedule_.samples(i, SliceKind::kDecode));
    unload(i);
    // Too few to tell anything would leave the claims about our own modes in doubt.
    if (!is_own(i) && schedule_.samples(i, SliceKind::kDecode) < results::kFewestPairs)
      entry(i).skip_decode("the time budget ended before it had six slices");
  }
  if (interrupted()) warnings_.push_back("Interrupted: some rows have fewer samples or none.");
  request_.repetitions = static_cast<int>(std::max<int64_t>(most, 1));
  return file();
}

std::unique_ptr<Session> make_slices(const BenchRequest& request, const results::Machine& machine,
                                     Observer& observer) {
  return std::make_unique<Sequential>(request, machine, observer);
}

}  // namespace nety::bench
