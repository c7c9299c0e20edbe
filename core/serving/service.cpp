// The mutex guards everything but the step itself: meanwhile requests come and go, and what they
// change counts with the next plan.
#include "core/serving/service.h"

#include <chrono>
#include <utility>

#include "core/base/error.h"

namespace nety::serving {
namespace {

std::chrono::duration<double> seconds_of(double seconds) {
  return std::chrono::duration<double>(seconds);
}

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Ticket::Ticket(Ticket&& other) noexcept
    : service_(std::exchange(other.service_, nullptr)), id_(other.id_) {}

Ticket::~Ticket() {
  if (service_ != nullptr) service_->leave(id_);
}

Delivery Ticket::take(double seconds) { return service_->take(id_, seconds); }

Service::Service(Runner& runner, const Limits& limits, Clock clock)
    : runner_(runner), clock_(std::move(clock)), scheduler_(runner, limits) {}

Service::Submitted Service::submit(Request request) {
  const double now = clock_();
  const Lock lock(mutex_);
  auto record = std::make_unique<Record>();
  record->request = std::move(request);
  record->arrived = now;
  record->summary.prompt_tokens = static_cast<int64_t>(record->request.prompt.size());
  const RequestId id = ++last_id_;
  if (const auto refusal = scheduler_.submit(id, record->request, now)) {
    ++statistics_.refused.at(static_cast<size_t>(*refusal));
    return {std::nullopt, *refusal};
  }
  records_[id] = std::move(record);
  changed_ = true;
  work_.notify_one();
  return {Ticket(*this, id)};
}

Delivery Service::take(RequestId id, double seconds) {
  Lock lock(mutex_);
  Record& record = *records_.at(id);
  record.news.wait_for(lock, seconds_of(seconds),
                       [&] { return !record.ready.empty() || (record.ended && !record.told); });
  Delivery delivery{std::exchange(record.ready, {})};
  if (record.ended && !std::exchange(record.told, true)) delivery.summary = record.summary;
  if (!delivery.tokens.empty()) {
    scheduler_.resume(id);
    changed_ = true;
    work_.notify_one();
  }
  return delivery;
}

void Service::leave(RequestId id) {
  const Lock lock(mutex_);
  Record& record = *records_.at(id);
  if (record.ended) {
    records_.erase(id);
    return;
  }
  record.left = true;
  scheduler_.end(id, End::kCancelled);
  changed_ = true;
  work_.notify_one();
}

Statistics Service::statistics() const {
  const Lock lock(mutex_);
  Statistics now = statistics_;
  now.waiting = scheduler_.waiting();
  now.running = scheduler_.running();
  return now;
}

void Service::stop_taking() {
  const Lock lock(mutex_);
  scheduler_.stop();
  changed_ = true;
  work_.notify_one();
}

void Service::stop_all() {
  const Lock lock(mutex_);
  scheduler_.stop();
  for (const auto& [id, record] : records_)
    if (!record->ended) scheduler_.end(id, End::kStopped);
  changed_ = true;
  work_.notify_one();
}

bool Service::idle() const {
  const Lock lock(mutex_);
  return scheduler_.waiting() == 0 && scheduler_.running() == 0;
}

void Service::wait(double seconds) {
  Lock lock(mutex_);
  work_.wait_for(lock, seconds_of(seconds), [&] { return changed_; });
}

bool Service::step() {
  Lock lock(mutex_);
  changed_ = false;
  Plan plan = scheduler_.plan(clock_());
  for (const Ended& one : plan.ended) {
    if (one.sequence) runner_.end(*one.sequence);
    finish(one.id, one.end, clock_());
  }
  begin(plan, clock_());
  if (plan.work.empty() && plan.starts.empty()) return !plan.ended.empty();
  lock.unlock();
  const double before = clock_();
  const std::vector<Made> made = run(plan);
  const double after = clock_();
  lock.lock();
  ++statistics_.steps;
  statistics_.step_seconds += after - before;
  deliver(made, after);
  return true;
}

// Notes what begins with this step.
void Service::begin(const Plan& plan, double now) {
  for (const Start& start : plan.starts) {
    Record& record = *records_.at(start.id);
    record.summary.queue_s = now - record.arrived;
    record.summary.reused_tokens = start.place.kept;
    statistics_.queue_seconds.add(record.summary.queue_s);
    statistics_.reused_tokens += static_cast<uint64_t>(start.place.kept);
  }
}

// Everything that is slow. An answer that cannot begin fails alone; a step that fails takes all of
// its answers along.
std::vector<Made> Service::run(const Plan& plan) {
  std::vector<Made> failed;
  std::vector<Work> work = plan.work;
  const auto fail = [&](RequestId id, const char* why) {
    failed.push_back({id, 0, {}, why});
    std::erase_if(work, [id](const Work& one) { return one.id == id; });
  };
  for (const Start& start : plan.starts) {
    try {
      runner_.start(start);
    } catch (const std::exception& error) {
      fail(start.id, error.what());
      runner_.end(start.place.sequence);
    }
  }
  std::vector<Made> made;
  try {
    if (!work.empty()) made = runner_.step(work);
  } catch (const std::exception& error) {
    for (const Work& one : std::vector<Work>(work)) {
      fail(one.id, error.what());
      runner_.end(one.sequence);
    }
  }
  made.insert(made.end(), failed.begin(), failed.end());
  return made;
}

void Service::deliver(std::span<const Made> made, double now) {
  scheduler_.settle(made);
  for (const Made& one : made) deliver_one(one, *records_.at(one.id), now);
}

void Service::deliver_one(const Made& made, Record& record, double now) {
  Summary& summary = record.summary;
  const auto tokens = static_cast<int64_t>(made.tokens.size());
  if (tokens > 0 && summary.answer_tokens == 0) {
    summary.ttft_s = now - record.arrived;
    statistics_.ttft_seconds.add(summary.ttft_s);
    statistics_.prompt_tokens +=
        static_cast<uint64_t>(summary.prompt_tokens - summary.reused_tokens);
  }
  if (tokens > 0) summary.last_s = now - record.arrived;
  summary.answer_tokens += tokens;
  statistics_.answer_tokens += static_cast<uint64_t>(tokens);
  if (!record.left) {
    record.ready.insert(record.ready.end(), made.tokens.begin(), made.tokens.end());
    if (static_cast<int64_t>(record.ready.size()) >= scheduler_.limits().buffered)
      scheduler_.pause(made.id, now);
    if (tokens > 0) record.news.notify_one();
  }
  if (!made.ends()) return;
  if (made.error.empty()) {
    summary.finish = *made.tokens.back().finish;
    finish(made.id, End::kFinished, now);
  } else {
    summary.error = made.error;
    finish(made.id, End::kFailed, now);
  }
}

// The request is over; its record goes with whoever is last to need it.
void Service::finish(RequestId id, End end, double now) {
  Record& record = *records_.at(id);
  record.summary.end = end;
  record.summary.finish_s = now - record.arrived;
  record.ended = true;
  ++statistics_.ended.at(static_cast<size_t>(end));
  const Summary& summary = record.summary;
  if (summary.answer_tokens > 1)
    statistics_.tpot_seconds.add(summary.decode_s() /
                                 static_cast<double>(summary.answer_tokens - 1));
  if (record.left)
    records_.erase(id);
  else
    record.news.notify_one();
}

}  // namespace nety::serving
