#include "core/grammar/configurations.h"

#include <algorithm>
#include <functional>

#include "core/grammar/refuse.h"

namespace nety::grammar {
namespace {

constexpr size_t kLeastLimit = 64 << 20;
constexpr size_t kMostBytes = size_t{512} << 20;
/// A grammar that reads one text in so many ways at once is of no use, and slow.
constexpr size_t kMostPlaces = 500'000;

const auto kByRank = [](const auto& a, const auto& b) { return a.first > b.first; };

}  // namespace

Configurations::Configurations(const Automaton& automaton)
    : automaton_(&automaton), classes_(automaton.class_bytes.size()), limit_(kLeastLimit) {
  const Frame end{automaton.end, 0, -1};
  const int32_t bottom = nodes_.intern({&end, 1});
  const Rule& root = automaton.rules[static_cast<size_t>(automaton.root)];
  reached_.insert({root.start, 0, bottom});
  start_ = close();
}

bool Configurations::can_end(int32_t configuration) const {
  return std::ranges::any_of(places_[configuration],
                             [&](const Frame& place) { return place.state == automaton_->end; });
}

int32_t Configurations::of(std::span<const Frame> places) {
  const int32_t made = places_.intern(places);
  steps_.resize(static_cast<size_t>(places_.size()) * classes_, kUnknown);
  return made;
}

size_t Configurations::bytes() const {
  return nodes_.bytes() + places_.bytes() + steps_.size() * sizeof(int32_t);
}

bool Configurations::passes(Guard guard, const Frame& frame, int32_t& count) const {
  count = frame.count;
  if (guard == Guard::kFree) return true;
  const State& state = automaton_->states[static_cast<size_t>(frame.state)];
  const Rule& rule = automaton_->rules[static_cast<size_t>(state.rule)];
  if (guard == Guard::kEnough) return count >= rule.least;
  if (count >= rule.most) return false;
  // Where there is no limit, what is beyond the least is all the same.
  if (guard == Guard::kCount)
    count = rule.most == kUnbounded ? std::min(count + 1, rule.least) : count + 1;
  return true;
}

bool Configurations::ends(const Frame& frame) const {
  const State& state = automaton_->states[static_cast<size_t>(frame.state)];
  if (state.accept != Accept::kEnough) return state.accept == Accept::kAlways;
  return frame.count >= automaton_->rules[static_cast<size_t>(state.rule)].least;
}

void Configurations::call(const CallEdge& edge, const Frame& back) {
  const int32_t rank = automaton_->rules[static_cast<size_t>(edge.rule)].rank;
  const auto push = [&](const Frame& frame) {
    calls_.emplace_back(rank, frame);
    std::ranges::push_heap(calls_, kByRank);
  };
  if (edge.tail)
    for (const Frame& further : nodes_[back.node]) push(further);
  else
    push(back);
  if (calls_.size() > kMostPlaces)
    refuse_large("the grammar reads this text in too many ways at the same time");
}

/// All that a frame leads to without a byte goes into `into` or `calls_`; the frame itself into
/// `found_` if it goes on by bytes. A rule that has read nothing does not return: whoever calls a
/// rule that may be empty has gone on already.
void Configurations::spread(const Frame& frame, FrameSet& into, bool may_return) {
  if (!automaton_->bytes_of(frame.state).empty() || frame.state == automaton_->end)
    found_.push_back(frame);
  for (const int32_t target : automaton_->epsilons_of(frame.state))
    into.insert({target, frame.count, frame.node});
  for (const CallEdge& edge : automaton_->calls_of(frame.state)) {
    Frame back{edge.target, 0, frame.node};
    if (!passes(edge.guard, frame, back.count)) continue;
    call(edge, back);
    // A repetition of nothing is left out.
    const bool nullable = automaton_->rules[static_cast<size_t>(edge.rule)].nullable;
    if (nullable && edge.guard != Guard::kCount) into.insert(back);
  }
  if (may_return && ends(frame))
    for (const Frame& further : nodes_[frame.node]) into.insert(further);
  if (into.size() > kMostPlaces)
    refuse_large("the grammar reads this text in too many ways at the same time");
}

int32_t Configurations::close() {
  found_.clear();
  calls_.clear();
  for (size_t i = 0; i < reached_.size(); ++i) {
    const Frame frame = reached_[i];
    spread(frame, reached_, true);
  }
  reached_.clear();
  // By rank, so that all callers of a rule are known when its node is made.
  while (!calls_.empty()) {
    const int32_t rank = calls_.front().first;
    edges_.clear();
    while (!calls_.empty() && calls_.front().first == rank) {
      edges_.push_back(calls_.front().second);
      std::ranges::pop_heap(calls_, kByRank);
      calls_.pop_back();
    }
    std::ranges::sort(edges_);
    edges_.erase(std::unique(edges_.begin(), edges_.end()), edges_.end());
    const int32_t node = nodes_.intern(edges_);
    begun_.insert({automaton_->start_of_rank[static_cast<size_t>(rank)], 0, node});
    for (size_t i = 0; i < begun_.size(); ++i) {
      const Frame frame = begun_[i];
      spread(frame, begun_, false);
    }
    begun_.clear();
  }
  if (found_.empty()) return kDead;
  std::ranges::sort(found_);
  found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
  return of(found_);
}

int32_t Configurations::find_step(int32_t configuration, size_t at, uint8_t byte) {
  reached_.clear();  // after an error there may be something
  begun_.clear();
  for (const Frame& place : places_[configuration])
    for (const ByteEdge& edge : automaton_->bytes_of(place.state)) {
      Frame next{edge.target, 0, place.node};
      if (edge.low <= byte && byte <= edge.high && passes(edge.guard, place, next.count))
        reached_.insert(next);
    }
  const int32_t made = close();
  if (bytes() > kMostBytes) refuse_large("the grammar takes too much memory to follow");
  steps_[at] = made;
  return made;
}

void Configurations::compact(std::span<int32_t* const> kept) {
  // Nodes refer to earlier nodes only.
  std::vector<bool> wanted(static_cast<size_t>(nodes_.size()), false);
  const auto want = [&](const Frame& frame) {
    if (frame.node >= 0) wanted[static_cast<size_t>(frame.node)] = true;
  };
  std::ranges::for_each(places_[start_], want);
  for (const int32_t* configuration : kept)
    if (*configuration >= 0) std::ranges::for_each(places_[*configuration], want);
  for (int32_t node = nodes_.size() - 1; node >= 0; --node)
    if (wanted[static_cast<size_t>(node)]) std::ranges::for_each(nodes_[node], want);

  const FramePool old_nodes = std::exchange(nodes_, {}), old_places = std::exchange(places_, {});
  steps_.clear();
  runs_.clear();
  std::vector<int32_t> renamed(wanted.size(), -1);
  const auto copied = [&](std::span<const Frame> frames) -> std::span<const Frame> {
    edges_.assign(frames.begin(), frames.end());
    for (Frame& frame : edges_)
      if (frame.node >= 0) frame.node = renamed[static_cast<size_t>(frame.node)];
    std::ranges::sort(edges_);
    return edges_;
  };
  for (int32_t node = 0; node < old_nodes.size(); ++node)
    if (wanted[static_cast<size_t>(node)])
      renamed[static_cast<size_t>(node)] = nodes_.intern(copied(old_nodes[node]));
  start_ = of(copied(old_places[start_]));
  for (int32_t* configuration : kept)
    if (*configuration >= 0) *configuration = of(copied(old_places[*configuration]));
  limit_ = std::max(kLeastLimit, 2 * bytes());
}

}  // namespace nety::grammar
