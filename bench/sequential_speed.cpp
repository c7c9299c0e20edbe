// Workers of a run by slices, as many as fit in memory, and the turns they take.
#include <algorithm>
#include <utility>

#include "bench/sequential.h"

namespace nety::bench {
namespace {

constexpr int64_t kProbes = 6;      // slices that are followed by a look at the roofline
constexpr int64_t kOldProcess = 6;  // slices, after which a close call wants a fresh one

}  // namespace

bool Sequential::load(size_t i) {
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

void Sequential::unload(size_t i) {
  if (entry(i).loaded() && !scored_[i]) entry(i).note_memory();
  entry(i).unload();
  schedule_.unloaded(i);
}

/// Ends workers that `kept` does not name until those can be in memory together, what nobody
/// needs any more first.
void Sequential::make_room(const std::vector<size_t>& kept) {
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

void Sequential::load_for(const Turn& turn) {
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
bool Sequential::is_old(size_t i) const {
  const auto slices = static_cast<double>(since_load_[i]);
  return since_load_[i] >= kOldProcess && slices * kDecodeSlice >= 2 * load_s_[i];
}

void Sequential::say_apart() {
  if (std::exchange(said_apart_, true)) return;
  warnings_.push_back(
      "Some configurations do not fit in memory together: they were loaded in turn, a few slices "
      "at a time.");
}

/// One turn that leaves `reserve` seconds; false if there is none.
bool Sequential::one_turn(double reserve, int highest_rank, Effort effort) {
  if (interrupted()) return false;
  const std::optional<Turn> turn = schedule_.next(left() - reserve, highest_rank, effort);
  if (turn) take(*turn);
  return turn.has_value();
}

void Sequential::take(const Turn& turn) {
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

}  // namespace nety::bench
