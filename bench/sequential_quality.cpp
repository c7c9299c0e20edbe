// Quality in a run by slices: scored once, in windows of text, as many as there is time for.
#include <algorithm>

#include "bench/sequential.h"
#include "core/base/files.h"

namespace nety::bench {
namespace {

constexpr double kSpeedShare = 0.5;  // of the time left, for speed that is undecided
constexpr double kRoom = 1.4;        // windows on a busy machine differ by so much, about
constexpr double kNoiseShare = 0.1;  // of the budget, for the noise floor while claims are open
constexpr double kWindowFactor = 1.3, kWindowScoring = 0.2;

}  // namespace

/// Seconds for a window of text, about.
double Sequential::window_s(size_t i) const {
  const double rate = schedule_.rate(i, SliceKind::kPrefill);
  const double usual = schedule_.rate(order_.front(), SliceKind::kPrefill);
  const double known = rate > 0 ? rate : usual;
  return known > 0 ? kWindowFactor * static_cast<double>(kWindowTokens) / known + kWindowScoring
                   : 1;
}

double Sequential::quality_s(const std::vector<size_t>& group) const {
  double sum = 0;
  for (const size_t i : group) sum += kFewestWindows * window_s(i);
  return sum;
}

/// What quality may take from now on: speed has what is undecided, if anything is.
double Sequential::quality_time() const {
  return left() - std::min(schedule_.forecast(left()).needed_s, kSpeedShare * left());
}

/// Whether it may be faster than the choice, by what is known so far.
bool Sequential::may_be_faster(size_t i) const {
  const std::vector<Question>& questions = schedule_.questions();
  for (size_t q = 0; q < questions.size(); ++q)
    if (questions[q].choice && questions[q].candidate == i)
      return schedule_.answer(q) == Answer::kOpen || schedule_.answer(q) == Answer::kAbove;
  return false;
}

/// Whether the choice cannot be settled without its quality.
bool Sequential::settles(size_t i) const {
  return i == choice_ || i == reference_index() || may_be_faster(i);
}

/// Scores `wanted`, as many at a time as fit, and first what settles the choice.
void Sequential::quality(std::vector<size_t> wanted) {
  std::stable_partition(wanted.begin(), wanted.end(), [this](size_t i) { return settles(i); });
  while (!wanted.empty() && !interrupted()) {
    const std::vector<size_t> group = next_group(wanted);
    if (group.empty()) return;
    score(group);
    std::erase_if(
        wanted, [&](size_t i) { return std::find(group.begin(), group.end(), i) != group.end(); });
  }
}

/// The first of `wanted` for whom there is time for six windows, beside the reference; the others
/// must not put at risk what settles the choice.
std::vector<size_t> Sequential::next_group(const std::vector<size_t>& wanted) {
  std::vector<size_t> group;
  const std::optional<size_t> reference = reference_index();
  double seconds = reference ? kFewestWindows * window_s(*reference) : 0;
  uint64_t bytes = reference ? peak_of(entry(*reference)) : 0;
  for (const size_t i : wanted) {
    if (i != reference) {
      seconds += kFewestWindows * window_s(i);
      bytes += peak_of(entry(i));
    }
    const double room = settles(i) ? 1 : kRoom;
    if (room * seconds > left() || (bytes > memory_limit() && !group.empty())) break;
    group.push_back(i);
  }
  return group;
}

void Sequential::score(const std::vector<size_t>& group) {
  const TemporaryFolder scratch;
  const std::string distributions = scratch.file("distributions");
  const std::optional<size_t> reference = distributions.empty() ? std::nullopt : reference_index();
  std::vector<size_t> members;
  if (reference) members.push_back(*reference);
  for (const size_t i : group)
    if (i != reference) members.push_back(i);
  make_room(members);
  std::vector<Entry*> order;
  int64_t windows = 0;
  for (const size_t i : members) {
    if (!load(i)) continue;
    if (!scored_[i]) entry(i).note_memory();
    step(entry(i), "quality");
    windows = std::max(windows, entry(i).begin_quality());
    scored_[i] = true;
    order.push_back(&entry(i));
  }
  Entry* const first = reference && schedule_.is_loaded(*reference) ? &entry(*reference) : nullptr;
  const bool known = first != nullptr && !first->quality().metrics.empty();
  score_windows(windows, order, first, known, distributions);
  std::vector<Entry*> ended = order;
  if (known) std::erase(ended, first);
  end_quality(ended, first, nullptr);
}

/// As many windows as there is time for, by what they took: never by what they said. Below six none
/// has an interval: if time does not allow them for all, the last ones are left out.
void Sequential::score_windows(int64_t windows, std::vector<Entry*> order, Entry* reference,
                               bool known, const std::string& distributions) {
  const double until = clock_.seconds() + quality_time();
  std::vector<double> seconds(order.size(), 0);
  double longest = 0;
  for (int64_t window = 0; window < windows && !interrupted(); ++window) {
    const double begun = clock_.seconds();
    if (window > 0 && begun + longest > (window < kFewestWindows ? ends() : until)) break;
    score_window(window, order, reference, known, distributions, &seconds);
    longest = clock_.seconds() - begun;
    const auto rest = static_cast<double>(kFewestWindows - window - 1);
    while (rest > 0 && order.size() > 2 && kRoom * rest * longest > left()) {
      longest -= seconds.back();
      seconds.pop_back();
      order.pop_back();
    }
  }
}

/// Six windows, where the claims leave time for them.
void Sequential::noise_floor() {
  const std::optional<size_t> index = reference_index();
  if (!index || !schedule_.is_loaded(*index) || entry(*index).quality().metrics.empty()) return;
  // One thread takes about twice as long as two, and so on.
  const double slower = 1 + static_cast<double>(request_.run.threads);
  const double needed = kFewestWindows * slower * window_s(*index) + 2;
  const bool open = !schedule_.forecast(left() - needed).too_long.empty();
  if (needed > left() || (open && needed > kNoiseShare * budget())) return;
  const TemporaryFolder scratch;
  const std::string distributions = scratch.file("distributions");
  Entry* const reference = &entry(*index);
  const std::unique_ptr<Entry> again = distributions.empty() ? nullptr : noise_of(reference);
  if (again == nullptr) return;
  const std::vector<Entry*> order = {reference, again.get()};
  int64_t windows = 0;
  for (Entry* one : order) windows = std::max(windows, one->begin_quality());
  step(*again, "quality");
  score_windows(std::min(windows, kFewestWindows), order, reference, true, distributions);
  end_quality({again.get()}, reference, again.get());
}

results::Closeness Sequential::closeness_of(size_t i) {
  const results::Result quality = entry(i).quality();
  const auto metric = [&quality](const char* name) {
    const auto found = quality.metrics.find(name);
    return found == quality.metrics.end() ? nullptr : &found->second;
  };
  return results::closeness_of(metric("kld"), metric("top1_agreement"), request_.admissible);
}

/// What is too far from fp32 is no choice; what is close and faster settles the choice.
void Sequential::consider_quality() {
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

}  // namespace nety::bench
