// Questions to the worker, answers into rows.
#include "bench/entry.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/measure/worker.h"

namespace nety::bench {
namespace {

using results::Status;

constexpr int64_t kStreamTokens = 32;  // enough for a rate; the time goes to decode
constexpr double kLongestRepeat = 2;   // seconds

/// Cold, warm or mixed, by the share of the file's pages that were in memory.
std::string cache_state(double share) {
  if (share < 0) return "page cache unknown";
  const char* word = share < 0.05 ? "cold" : share > 0.95 ? "warm" : "mixed";
  return fmt::format("{}, {:.0f} % of the file in the page cache", word, 100 * share);
}

int64_t stream_prompt(const BenchRequest& request) {
  return std::min(*std::min_element(request.prompts.begin(), request.prompts.end()), kStreamPrompt);
}

/// Passes the progress of work in this process on to the observer.
class ObservedProgress final : public Progress {
 public:
  explicit ObservedProgress(Observer& observer) : observer_(observer) {}
  void begin(std::string_view label, int64_t total) override {
    label_ = label;
    total_ = static_cast<double>(total);
    advance(0);
  }
  void advance(int64_t done) override {
    observer_.progress(label_, static_cast<double>(done), total_);
  }

 private:
  Observer& observer_;
  std::string label_;
  double total_ = 0;
};

}  // namespace

measure::WorkerCommand worker_command(const BenchRequest& request) {
  measure::WorkerCommand command;
  command.argv = request.worker;
  if (command.argv.empty()) command.argv = {measure::own_program(), "worker"};
  command.environment = {{"OMP_WAIT_POLICY", "passive"}};  // libgomp's threads beside ours
  return command;
}

Entry::Entry(Surroundings& surroundings, const Configuration& configuration)
    : surroundings_(surroundings),
      configuration_(configuration),
      load_(row("load", 0, 0, 0)),
      generate_(row("generate", stream_prompt(surroundings.request),
                    std::clamp<int64_t>(surroundings.request.gens.front() / 2, 1, kStreamTokens),
                    0)),
      quality_(row("quality", 0, 0, 0)) {
  if (const std::string& why = surroundings.request.no_text; !why.empty())
    generate_.fail(Status::kSkipped, why);
  for (const int64_t n : surroundings.request.prompts) prefills_.push_back(row("prefill", n, 0, 0));
  for (const int64_t n : surroundings.request.gens)
    for (const int64_t depth : surroundings.request.depths)
      decodes_.push_back(row("decode", 0, n, depth));
  if (is_driven()) take_answers();
}

Row Entry::row(const std::string& phase, int64_t n_prompt, int64_t n_gen, int64_t depth) const {
  const BenchRequest& request = surroundings_.request;
  results::Result key;
  key.machine = surroundings_.machine.id;
  key.model = request.shape.empty() ? request.model : request.shape;
  key.mode = configuration_.mode;
  key.backend = configuration_.backend;
  key.device = device_for(request.run.device, configuration_.backend);
  key.isa = request.run.isa;
  key.threads = static_cast<int>(threads());
  key.conditions = surroundings_.conditions;
  if (contender() != nullptr) key.contender = name_of(contender()->kind);
  key.phase = phase;
  key.n_prompt = n_prompt;
  key.n_gen = n_gen;
  key.depth = depth;
  return Row(std::move(key));
}

std::vector<Row*> Entry::all_rows() {
  std::vector<Row*> all{&load_};
  for (Row& row : prefills_) all.push_back(&row);
  for (Row& row : decodes_) all.push_back(&row);
  const bool driven = is_driven();
  const bool speaks = !driven || contender()->kind == ContenderKind::kServer;
  if (speaks) all.push_back(&generate_);
  const bool scored = !surroundings_.request.quality_text.empty() && !driven;
  if (scored || !quality_.empty()) all.push_back(&quality_);
  return all;
}

void Entry::give_up(const std::string& reason) {
  if (!given_up()) end_reason_ = reason;
}

Outcome Entry::ask(const Command& command) {
  if (worker_ == nullptr) return unless_over({Status::kSkipped, "its worker has ended", {}});
  const auto on_progress = [this](const Reply& reply) {
    surroundings_.observer.progress(reply.label, reply.number("done"), reply.number("total"));
  };
  return unless_over(worker_->ask(command, silence_s(), on_progress, [this] { return ends(); }));
}

/// A worker that the end of the run found at work is not to blame, and is ended: it would answer
/// the next question with this one's answer.
Outcome Entry::unless_over(Outcome outcome) {
  const bool cut = outcome.status == Status::kTimeout || outcome.status == Status::kSkipped;
  if (!cut || !surroundings_.over()) return outcome;
  worker_.reset();
  return {Status::kSkipped, "the time budget ended while it worked", {}};
}

/// True if there is an answer. Otherwise the reason goes into the row.
bool Entry::settle(Row& row, const Outcome& outcome) {
  if (outcome) return true;
  if (outcome.status == Status::kSkipped) {
    give_up(outcome.reason);
  } else {
    row.fail(outcome.status, outcome.reason);
    if (!worker_->alive())
      give_up(fmt::format("its worker ended in phase \"{}\": {}", row.key().phase, outcome.reason));
  }
  tell(row);
  return false;
}

void Entry::take_facts(const Reply& reply) {
  results::Model model = is_installed() ? installed().model() : model_of(reply);
  for (Row* row : all_rows()) {
    results::Result& key = row->key();
    key.model = model.id;
    key.device = reply.word("device");
    key.isa = reply.word("isa");
    key.kernel = reply.word("kernel");
    key.threads = static_cast<int>(reply.number("threads"));
  }
  model_ = std::move(model);
}

/// Finds what the user's Python needs before it can load: itself, and a model that it can read.
/// False if something is missing.
bool Entry::prepare_installed(EngineRequest& engine) {
  Installed& stack = installed();
  if (!stack.missing().empty()) {
    give_up(stack.missing());
    return false;
  }
  std::string reason = stack.unsupported(configuration_.mode);
  Status status = Status::kUnsupported;
  if (reason.empty()) {
    try {
      ObservedProgress progress(surroundings_.observer);
      engine.model = stack.model_for(configuration_.mode, progress).string();
      return true;
    } catch (const Error& error) {
      reason = fmt::format("no copy for transformers could be made: {}", error.what());
      status = Status::kError;
    }
  }
  load_.fail(status, reason);
  give_up(fmt::format("not loaded: {}", reason));
  tell(load_);
  return false;
}

bool Entry::load() {
  const BenchRequest& request = surroundings_.request;
  Command command;
  command.action = Action::kLoad;
  command.seed = request.seed;
  command.engine = {request.model, request.run, kLogitRows, request.shape, request.seed};
  command.engine.run.mode = configuration_.mode;
  command.engine.run.backend = configuration_.backend;
  command.engine.run.device = device_for(request.run.device, configuration_.backend);
  command.engine.run.threads = threads();
  command.engine.run.context = context_needed(request);
  if (is_installed() && !prepare_installed(command.engine)) return false;
  worker_ = std::make_unique<EngineWorker>(command_of_worker());
  const Outcome outcome = ask(command);
  if (const double planned = outcome.reply.number("planned_bytes"); planned > 0)
    load_.set(
        "planned_bytes",
        results::estimated("bytes", planned, {"weights, cache, workspace, tokenizer, program"}));
  if (!settle(load_, outcome)) {
    give_up(fmt::format("not loaded: {}", outcome.reason));
    return false;
  }
  take_load(outcome.reply);
  return loaded();
}

void Entry::take_load(const Reply& reply) {
  take_facts(reply);
  protocol_ = protocol_of(reply);
  flops_per_token_ = reply.number("flops_per_token");
  activation_ = reply.word("activation");
  how_ = reply.word("how");
  const double load_s = reply.number("load_s"), cached = reply.number("cached_share");
  if (is_driven()) {
    if (std::isfinite(load_s))
      load_.add("load_s", load_s, "s", "measured", {"from its start until it answers"});
    if (const double bytes = reply.number("weights_bytes"); std::isfinite(bytes))
      load_.set("weights_bytes", results::exactly("bytes", bytes));
    if (contender()->kind == ContenderKind::kServer) return first_request(load_s);
    note_memory();
    return tell(load_);
  }
  load_.add("load_s", load_s, "s", "measured",
            {fmt::format("first load: {}", cache_state(cached))});
  if (cached >= 0)
    load_.add("cached_share", cached, "ratio", "measured",
              {"of the file's pages, in memory before the load (mincore)"});
  for (const char* phase : {"read_s", "convert_s", "upload_s", "init_s"})
    if (const double seconds = reply.number(phase); !std::isnan(seconds))
      load_.add(std::string("load_") + phase, seconds, "s");
  load_.set("weights_bytes", results::exactly("bytes", reply.number("weights_bytes")));
  load_.set("kv_bytes", results::exactly("bytes", reply.number("kv_bytes")));
  first_request(load_s);
}

/// With the prompt's text for a worker that has no evaluation text of its own.
Command Entry::stream_command(int64_t n_prompt, int64_t n_gen) const {
  Command command;
  command.action = Action::kStream;
  command.n_prompt = n_prompt;
  command.n_gen = n_gen;
  try {
    if (is_installed()) command.text = installed().prompt(n_prompt);
  } catch (const Error&) {  // no tokenizer: the worker's answer will say so
  }
  return command;
}

/// From the start of loading to the first word: mapping a file cannot hide its cost here.
void Entry::first_request(double load_s) {
  if (generate_.failed()) {
    note_memory();
    return tell(load_);
  }
  const Command command = stream_command(generate_.key().n_prompt, kFirstTokens);
  const Outcome outcome = ask(command);
  if (settle(generate_, outcome)) {
    const double first_s = outcome.reply.number("ttft_s");
    if (std::isfinite(load_s)) load_.add("ready_to_first_s", load_s + first_s, "s");
    add_fault(command, first_s);
  }
  note_memory();
  tell(load_);
}

/// The cost of pages that loading only mapped: the first request less the same request again. Left
/// out where the request takes long, because then it is nearly all prefill.
void Entry::add_fault(const Command& command, double first_s) {
  const bool once = surroundings_.request.load_passes == 0 || is_driven();
  if (!(first_s < kLongestRepeat) || once) return;
  const Outcome again = ask(command);
  if (settle(generate_, again))
    load_.add("load_fault_s", std::max(first_s - again.reply.number("ttft_s"), 0.0), "s", "derived",
              {"first request less the same request again"});
}

void Entry::unload() {
  if (worker_ != nullptr) worker_->quit();
  worker_.reset();
}

// The first request, if there was one, already read a prompt and took steps.
void Entry::warm_up() {
  Command command;
  const bool asked = surroundings_.request.no_text.empty();
  if (asked && surroundings_.request.prompts.front() <= generate_.key().n_prompt) return;
  command.action = Action::kWarmUp;
  command.n_prompt = surroundings_.request.prompts.front();
  settle(prefills_.front(), ask(command));
}

void Entry::round(int number) {
  const auto measure = [this](Row& row, auto&& action) {
    if (!given_up() && !row.failed()) action(row);
  };
  for (Row& row : prefills_) measure(row, [this](Row& it) { prefill(it); });
  for (Row& row : decodes_) measure(row, [this](Row& it) { decode(it); });
  if (number % 2 == 0) measure(generate_, [this](Row& it) { stream(it); });
}

void Entry::note_memory() {
  Command command;
  command.action = Action::kMemory;
  if (!loaded() || given_up()) return;
  const Outcome outcome = ask(command);
  if (!outcome) return;
  const double rss = outcome.reply.number("peak_rss_bytes");
  const auto keep = [&](const char* metric, const char* reported) {
    const double bytes = outcome.reply.number(reported);
    if (!std::isnan(bytes)) load_.set(metric, results::exactly("bytes", bytes));
  };
  if (is_driven()) {
    keep("peak_rss_bytes", "peak_rss_bytes");
    if (rss > 0) peak_bytes_ = static_cast<uint64_t>(rss);
    return;
  }
  load_.set("peak_rss_bytes", results::exactly("bytes", rss));
  load_.set("peak_anon_bytes", results::exactly("bytes", outcome.reply.number("peak_anon_bytes")));
  keep("peak_file_bytes", "peak_file_bytes");
  keep("steady_rss_bytes", "rss_bytes");
  keep("steady_anon_bytes", "steady_anon_bytes");
  keep("steady_file_bytes", "steady_file_bytes");
  if (outcome.reply.number("device_bytes") > 0) keep("peak_gpu_bytes", "device_bytes");
  if (rss > 0) peak_bytes_ = static_cast<uint64_t>(rss);
}

std::vector<results::Result> Entry::rows() {
  std::vector<results::Result> out;
  for (Row* row : all_rows()) {
    Row copy = *row;
    if (copy.empty())
      copy.fail(Status::kSkipped, given_up() ? end_reason_ : "the time budget was spent");
    out.push_back(copy.result());
  }
  return out;
}

}  // namespace nety::bench
