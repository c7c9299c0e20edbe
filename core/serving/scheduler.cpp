// Answers come first in a step, since people watch them; prompts share what is left of it.
#include "core/serving/scheduler.h"

#include <algorithm>
#include <utility>

namespace nety::serving {
namespace {

/// 0 stands for what the context holds.
int64_t limit_or(int64_t limit, int64_t most) { return limit > 0 ? std::min(limit, most) : most; }

Limits in_range(Limits limits, size_t sequences) {
  limits.running = std::clamp<int64_t>(limits.running, 1, static_cast<int64_t>(sequences));
  limits.step_tokens = std::max(limits.step_tokens, limits.running + 1);
  limits.chunk_tokens = std::max<int64_t>(limits.chunk_tokens, 1);
  limits.guess_tokens = std::clamp<int64_t>(limits.guess_tokens, 1, limits.step_tokens);
  // A prompt leaves room for one token.
  limits.prompt_tokens = limit_or(limits.prompt_tokens, limits.context - 1);
  limits.answer_tokens = limit_or(limits.answer_tokens, limits.context);
  return limits;
}

}  // namespace

std::string_view name_of(End end) {
  switch (end) {
    case End::kFinished:
      return "finished";
    case End::kCancelled:
      return "cancelled";
    case End::kQueueTime:
      return "queue_time";
    case End::kTime:
      return "time";
    case End::kStalled:
      return "stalled";
    case End::kStopped:
      return "stopped";
    case End::kFailed:
      return "failed";
  }
  return "";
}

Scheduler::Scheduler(const Runner& runner, const Limits& limits)
    : runner_(runner),
      limits_(in_range(limits, runner.sequences())),
      busy_(runner.sequences(), false),
      last_used_(runner.sequences(), 0) {}

std::optional<Refusal> Scheduler::submit(RequestId id, const Request& request, double now) {
  if (stopping_) return Refusal::kStopping;
  if (static_cast<int64_t>(request.prompt.size()) > limits_.prompt_tokens)
    return Refusal::kPromptTooLong;
  // What can run at once does not count as waiting.
  const int64_t free = limits_.running - static_cast<int64_t>(running_.size());
  if (static_cast<int64_t>(queue_.size()) >= limits_.queue + free) return Refusal::kQueueFull;
  queue_.push(request.client, id);
  waiting_[id] = {&request, now};
  return std::nullopt;
}

void Scheduler::end(RequestId id, End how) {
  if (queue_.remove(id)) {
    waiting_.erase(id);
    ended_.push_back({id, how});
  } else if (const auto found = running_.find(id); found != running_.end()) {
    if (!found->second.ends) found->second.ends = how;
  }
}

void Scheduler::pause(RequestId id, double now) {
  const auto found = running_.find(id);
  if (found != running_.end() && !found->second.paused_since) found->second.paused_since = now;
}

void Scheduler::resume(RequestId id) {
  const auto found = running_.find(id);
  if (found != running_.end()) found->second.paused_since.reset();
}

void Scheduler::stop() {
  stopping_ = true;
  for (const RequestId id : queue_.ids()) end(id, End::kStopped);
}

std::optional<int64_t> Scheduler::unread(RequestId id) const {
  const auto found = running_.find(id);
  if (found == running_.end()) return std::nullopt;
  return found->second.unread;
}

Plan Scheduler::plan(double now) {
  Plan plan;
  end_late(plan, now);
  admit(plan, now);
  share_step(plan);
  return plan;
}

// Ends what has been told to, and what takes too long.
void Scheduler::end_late(Plan& plan, double now) {
  for (const RequestId id : queue_.ids())
    if (now - waiting_.at(id).since > limits_.queue_seconds) end(id, End::kQueueTime);
  for (auto& [id, one] : running_) {
    if (one.ends) continue;
    if (one.paused_since && now - *one.paused_since > limits_.stall_seconds)
      one.ends = End::kStalled;
    else if (now - one.since > limits_.answer_seconds)
      one.ends = End::kTime;
  }
  plan.ended = std::exchange(ended_, {});
  std::erase_if(running_, [&](const auto& entry) {
    const Running& one = entry.second;
    if (!one.ends) return false;
    plan.ended.push_back({entry.first, *one.ends, one.sequence});
    busy_[one.sequence] = false;
    last_used_[one.sequence] = ++uses_;
    return true;
  });
}

void Scheduler::admit(Plan& plan, double now) {
  while (static_cast<int64_t>(running_.size()) < limits_.running) {
    const std::optional<RequestId> id = queue_.pop();
    if (!id) return;
    const Request& request = *waiting_.at(*id).request;
    waiting_.erase(*id);
    std::vector<HeldSequence> held;
    for (size_t i = 0; i < busy_.size(); ++i)
      held.push_back({runner_.tokens(i), busy_[i], last_used_[i]});
    // A sequence that another start of this plan takes is busy: what it holds may not stay.
    for (const Start& other : plan.starts) held[other.place.sequence].tokens = {};
    const Place place = *place_for(request.prompt, held, runner_.can_copy());
    busy_[place.sequence] = true;
    last_used_[place.sequence] = ++uses_;
    if (place.copied_from) last_used_[*place.copied_from] = ++uses_;
    running_[*id] = {.request = &request,
                     .sequence = place.sequence,
                     .unread = static_cast<int64_t>(request.prompt.size()) - place.kept,
                     .since = now};
    plan.starts.push_back({*id, &request, place});
  }
}

void Scheduler::share_step(Plan& plan) const {
  std::vector<Work> readers;
  int64_t left = limits_.step_tokens;
  for (const auto& [id, one] : running_) {
    if (one.paused_since) continue;
    if (one.unread > 0) {
      readers.push_back({id, one.sequence, one.unread});
    } else {
      plan.work.push_back({id, one.sequence, 1});
      --left;
    }
  }
  if (plan.work.size() == 1 && readers.empty()) plan.work[0].tokens = limits_.guess_tokens;
  if (!plan.work.empty()) left = std::min(left, limits_.chunk_tokens);
  share_chunk(plan, std::move(readers), left);
}

// Equal shares; what one does not need goes to the others, so that a short prompt does not wait for
// a long one.
void Scheduler::share_chunk(Plan& plan, std::vector<Work> readers, int64_t tokens) const {
  std::ranges::stable_sort(readers, {}, &Work::tokens);
  auto others = static_cast<int64_t>(readers.size());
  for (Work& reader : readers) {
    const int64_t share = (tokens + others - 1) / others;
    reader.tokens = std::min(reader.tokens, share);
    if (reader.tokens > 0) plan.work.push_back(reader);
    tokens -= reader.tokens;
    --others;
  }
}

void Scheduler::settle(std::span<const Made> made) {
  for (const Made& one : made) {
    const auto found = running_.find(one.id);
    if (found == running_.end()) continue;
    Running& running = found->second;
    running.unread = std::max<int64_t>(0, running.unread - one.read);
    if (!one.ends()) continue;
    busy_[running.sequence] = false;
    last_used_[running.sequence] = ++uses_;
    running_.erase(found);
  }
}

}  // namespace nety::serving
