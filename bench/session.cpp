#include "bench/session.h"

#include <fmt/core.h>

#include <algorithm>

#include "bench/answers.h"

namespace nety::bench {
namespace {

constexpr double kMemoryShare = 0.8;         // of what is available, for workers side by side
constexpr uint64_t kMostBytesPerWeight = 6;  // fp32, and the 16-bit half it is converted from

}  // namespace

Session::Session(const BenchRequest& request, const results::Machine& machine, Observer& observer)
    : request_(request),
      machine_(machine),
      surroundings_{request_, machine_, observer, options::conditions(request.run),
                    nullptr,  nullptr,  nullptr} {
  if (wants_installed(request_)) surroundings_.installed = std::make_unique<Installed>(request_);
  for (const Configuration& configuration : configurations(request_))
    entries_.push_back(std::make_unique<Entry>(surroundings_, configuration));
}

void Session::step(const Entry& entry, const char* what) {
  Step step = step_now();
  step.what =
      fmt::format("{} {}: {}", entry.configuration().mode, entry.configuration().backend, what);
  step.elapsed_s = clock_.seconds();
  surroundings_.observer.step(step);
}

uint64_t Session::peak_of(const Entry& entry) const {
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

uint64_t Session::memory_limit() const {
  return static_cast<uint64_t>(kMemoryShare * static_cast<double>(machine_.memory_available_bytes));
}

Entry* Session::reference_of(const std::vector<size_t>& group) const {
  for (const bool native : {true, false})
    for (const size_t i : group) {
      const Configuration& configuration = entries_[i]->configuration();
      if (configuration.mode == kReferenceMode && entries_[i]->loaded() &&
          (configuration.backend == "native") == native)
        return entries_[i].get();
    }
  return nullptr;
}

std::unique_ptr<Entry> Session::noise_of(const Entry* reference) {
  if (reference == nullptr || reference->configuration().backend != "native") return nullptr;
  if (reference->peak_bytes() > machine_.memory_available_bytes / 4) return nullptr;
  Configuration configuration = reference->configuration();
  configuration.threads = request_.run.threads > 1 ? 1 : 2;
  auto again = std::make_unique<Entry>(surroundings_, configuration);
  step(*again, "load");
  return again->load() ? std::move(again) : nullptr;
}

void Session::score_window(int64_t window, const std::vector<Entry*>& order, Entry* reference,
                           bool known, const std::string& distributions,
                           std::vector<double>* seconds) {
  bool stored = false;
  for (size_t i = 0; i < order.size(); ++i) {
    const measure::Stopwatch watch;
    if (order[i] == reference)
      stored = order[i]->quality_window(window, distributions, "", !known);
    else if (order[i]->loaded())
      order[i]->quality_window(window, "", stored ? distributions : "");
    if (seconds != nullptr) (*seconds)[i] = watch.seconds();
  }
}

void Session::end_quality(const std::vector<Entry*>& order, Entry* reference, Entry* again) {
  const std::string why = fmt::format(
      "no {} row to compare with: not asked for, not loaded, or it does not fit beside this one",
      kReferenceMode);
  for (Entry* entry : order) entry->end_quality(reference, why);
  if (again != nullptr && reference != nullptr) reference->set_noise(*again);
  if (again != nullptr) again->unload();
}

results::File Session::file() {
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

results::File run(const BenchRequest& request, const results::Machine& machine,
                  Observer& observer) {
  check(request);
  const bool slices = request.slices && request.prompts.size() == 1 && request.gens.size() == 1 &&
                      request.depths.size() == 1;
  const measure::Stopwatch watch;
  BenchRequest checked = request;
  if (checked.run.threads == 0) checked.run.threads = machine.cpu_budget.threads;
  check_answers(checked, observer);
  if (checked.budget_s > 0) checked.budget_s = std::max(checked.budget_s - watch.seconds(), 1.0);
  return (slices ? make_slices : make_rounds)(checked, machine, observer)->measure();
}

}  // namespace nety::bench
