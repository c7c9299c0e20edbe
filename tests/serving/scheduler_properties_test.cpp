// Whatever comes, goes, waits and stalls: what the scheduler believes is what follows from all that
// happened, and every answer is the one that its prompt has alone.
#include <gtest/gtest.h>
// After gtest, as it needs.
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "core/serving/scheduler.h"
#include "tests/serving/fake_runner.h"

namespace nety::serving {
namespace {

enum class Kind : uint8_t { kSubmit, kCancel, kPause, kResume, kStep, kWait };

/// What happens next, and some numbers that say how.
struct Event {
  Kind kind = Kind::kStep;
  int first = 0, second = 0, third = 0;
};

void showValue(const Event& event, std::ostream& out) {
  out << static_cast<int>(event.kind) << "(" << event.first << "," << event.second << ","
      << event.third << ")";
}

rc::Gen<Event> any_event() {
  const auto kind = rc::gen::weightedElement<Kind>({{4, Kind::kSubmit},
                                                    {2, Kind::kCancel},
                                                    {1, Kind::kPause},
                                                    {2, Kind::kResume},
                                                    {8, Kind::kStep},
                                                    {1, Kind::kWait}});
  const auto number = rc::gen::inRange(0, 40);
  return rc::gen::apply(
      [](Kind k, int a, int b, int c) {
        return Event{k, a, b, c};
      },
      kind, number, number, number);
}

/// Requests, and what became of them by our own account.
class World {
 public:
  World(size_t sequences, const Limits& limits, bool copies)
      : runner_(sequences, copies), scheduler_(runner_, limits) {}

  void happen(const Event& event) {
    switch (event.kind) {
      case Kind::kSubmit:
        return submit(event);
      case Kind::kCancel:
        if (const auto id = pick(event.first)) {
          scheduler_.end(*id, End::kCancelled);
          told_.insert(*id);
        }
        return;
      case Kind::kPause:
        if (const auto id = pick(event.first)) scheduler_.pause(*id, now_);
        return;
      case Kind::kResume:
        if (const auto id = pick(event.first)) scheduler_.resume(*id);
        return;
      case Kind::kStep:
        return step();
      case Kind::kWait:
        now_ += event.first;
        return;
    }
  }

  /// Lets everything that is left come to its end.
  void finish() {
    for (const auto& [id, request] : live_) scheduler_.resume(id);
    for (int steps = 0; !live_.empty(); ++steps) {
      RC_ASSERT(steps < 20000);
      step();
    }
    RC_ASSERT(scheduler_.waiting() + scheduler_.running() == 0U);
  }

 private:
  struct Live {
    std::unique_ptr<Request> request;
    std::vector<int32_t> answer, expected;
    std::optional<size_t> sequence{};
  };

  std::optional<RequestId> pick(int number) const {
    if (live_.empty()) return std::nullopt;
    return std::next(live_.begin(), number % static_cast<int>(live_.size()))->first;
  }

  void submit(const Event& event) {
    // Few different tokens, and prompts that go on from what was answered: prefixes are shared.
    std::vector<int32_t> prompt;
    if (event.third % 3 == 0 && !conversations_.empty())
      prompt = conversations_[static_cast<size_t>(event.second) % conversations_.size()];
    for (int i = 0; i <= event.first; ++i) prompt.push_back((i * event.second / 7) % 3);
    auto request = std::make_unique<Request>(
        request_of(std::move(prompt), 1 + event.third % 7,
                   std::string(1, static_cast<char>('a' + event.second % 3))));
    const RequestId id = ++last_;
    const size_t before = scheduler_.waiting();
    const auto refusal = scheduler_.submit(id, *request, now_);
    const bool too_long =
        static_cast<int64_t>(request->prompt.size()) > scheduler_.limits().prompt_tokens;
    RC_ASSERT(too_long == (refusal == Refusal::kPromptTooLong));
    if (refusal) {
      RC_ASSERT(too_long || static_cast<int64_t>(before) >= scheduler_.limits().queue);
      return;
    }
    auto expected = whole_answer(*request);
    live_.emplace(id, Live{std::move(request), {}, std::move(expected)});
    check();
  }

  void step() {
    const Plan plan = scheduler_.plan(now_);
    for (const Ended& one : plan.ended) {
      if (one.sequence) runner_.end(*one.sequence);
      RC_ASSERT(live_.at(one.id).sequence == one.sequence);
      if (one.end == End::kCancelled) RC_ASSERT(told_.contains(one.id));
      live_.erase(one.id);
    }
    for (const Start& start : plan.starts) {
      RC_ASSERT(!live_.at(start.id).sequence.has_value());
      live_.at(start.id).sequence = start.place.sequence;
      RC_ASSERT(start.request == live_.at(start.id).request.get());
      runner_.start(start);
    }
    check_work(plan.work);
    if (!plan.work.empty()) take(runner_.step(plan.work));
    check();
  }

  void check_work(const std::vector<Work>& work) {
    std::set<RequestId> ids;
    int64_t tokens = 0;
    for (const Work& one : work) {
      RC_ASSERT(ids.insert(one.id).second);
      RC_ASSERT(live_.at(one.id).sequence == one.sequence);
      RC_ASSERT(one.tokens > 0);
      tokens += one.tokens;
    }
    RC_ASSERT(tokens <= scheduler_.limits().step_tokens);
  }

  void take(const std::vector<Made>& made) {
    scheduler_.settle(made);
    for (const Made& one : made) {
      Live& live = live_.at(one.id);
      for (const engine::Token& token : one.tokens) live.answer.push_back(token.id);
      RC_ASSERT(std::equal(live.answer.begin(), live.answer.end(), live.expected.begin()));
      if (!one.ends()) continue;
      RC_ASSERT(live.answer == live.expected);
      std::vector<int32_t> all = live.request->prompt;
      all.insert(all.end(), live.answer.begin(), live.answer.end());
      conversations_.push_back(std::move(all));
      live_.erase(one.id);
    }
  }

  // What the scheduler knows, computed again from the requests and from what sequences hold.
  void check() {
    size_t waiting = 0, running = 0;
    std::set<size_t> sequences;
    for (const auto& [id, live] : live_) {
      if (!live.sequence) {
        if (!told_.contains(id)) ++waiting;
        RC_ASSERT(!scheduler_.unread(id).has_value());
        continue;
      }
      ++running;
      RC_ASSERT(sequences.insert(*live.sequence).second);
      const auto held = static_cast<int64_t>(runner_.tokens(*live.sequence).size());
      const int64_t unread = static_cast<int64_t>(live.request->prompt.size()) - held;
      RC_ASSERT(scheduler_.unread(id) == std::max<int64_t>(0, unread));
    }
    RC_ASSERT(scheduler_.waiting() == waiting);
    RC_ASSERT(scheduler_.running() == running);
    RC_ASSERT(static_cast<int64_t>(running) <= scheduler_.limits().running);
  }

  FakeRunner runner_;
  Scheduler scheduler_;
  std::map<RequestId, Live> live_;
  std::set<RequestId> told_;  // to end
  std::vector<std::vector<int32_t>> conversations_;
  RequestId last_ = 0;
  double now_ = 0;
};

void live_through(bool copies) {
  const auto running = *rc::gen::inRange<int64_t>(1, 6);
  const auto more = *rc::gen::inRange<size_t>(0, 4);
  const Limits limits{.running = running,
                      .queue = *rc::gen::inRange<int64_t>(0, 8),
                      .context = 100,
                      .step_tokens = *rc::gen::inRange<int64_t>(2, 40),
                      .chunk_tokens = *rc::gen::inRange<int64_t>(1, 20),
                      .guess_tokens = *rc::gen::inRange<int64_t>(1, 9),
                      .stall_seconds = 30,
                      .queue_seconds = 60,
                      .answer_seconds = 90};
  World world(static_cast<size_t>(running) + more, limits, copies);
  for (const Event& event : *rc::gen::container<std::vector<Event>>(any_event()))
    world.happen(event);
  world.finish();
}

RC_GTEST_PROP(SchedulerProperties, BelievesWhatFollowsFromAllThatHappened, ()) {
  live_through(false);
}

RC_GTEST_PROP(SchedulerProperties, HoldWherePrefixesAreCopiedToo, ()) { live_through(true); }

}  // namespace
}  // namespace nety::serving
