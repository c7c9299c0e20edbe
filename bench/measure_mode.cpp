// Clocks around engine calls. What is timed and what is not is said at each.
#include "bench/measure_mode.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "bench/evaluation_text.h"
#include "bench/injected/delay.h"
#include "bench/window_scorer.h"
#include "core/base/error.h"
#include "core/measure/stopwatch.h"

namespace nety::bench {
namespace {

using measure::Stopwatch;

double number_or_nan(const std::optional<uint64_t>& bytes) {
  return bytes ? static_cast<double>(*bytes) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::vector<int32_t> random_token_ids(uint64_t seed, int64_t count, int64_t vocab) {
  std::vector<int32_t> tokens;
  tokens.reserve(static_cast<size_t>(count));
  uint64_t state = seed;
  for (int64_t i = 0; i < count; ++i) {  // SplitMix64 (Steele, Lea & Flood 2014)
    state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31;
    tokens.push_back(
        static_cast<int32_t>(mixed % static_cast<uint64_t>(std::max<int64_t>(vocab, 1))));
  }
  return tokens;
}

Reply ModeMeasurement::perform(const Command& command, Progress& progress) {
  if (command.action != Action::kSlice && command.action != Action::kMemory) slices_.forget();
  switch (command.action) {
    case Action::kLoad:
      return load(command, progress);
    case Action::kWarmUp:
      return warm_up(command);
    case Action::kPrefill:
      return prefill(command);
    case Action::kDecode:
      return decode(command);
    case Action::kStream:
      return stream(command);
    case Action::kSlice:
      return slice(command);
    case Action::kText:
      return take_text(command);
    case Action::kQuality:
      return quality(command);
    case Action::kJudge:
      return judge(command);
    case Action::kAnswer:
      throw Error(ErrorKind::kUsage, "this engine is asked for distributions, not for answers");
    case Action::kMemory:
      return memory();
    case Action::kQuit:
      return {};
  }
  return {};
}

Engine& ModeMeasurement::engine() {
  if (engine_ == nullptr) throw Error(ErrorKind::kInternal, "the worker has loaded no model yet");
  return *engine_;
}

std::vector<int32_t> ModeMeasurement::random_tokens(int64_t count) const {
  return random_token_ids(seed_, count, report_.vocab);
}

/// Timed: everything up to a model that can be fed. Peaks of memory are recorded meanwhile.
Reply ModeMeasurement::load(const Command& command, Progress& progress) {
  seed_ = command.seed;
  logit_rows_ = std::max<int64_t>(command.engine.logit_rows, 1);
  peaks_.start();
  const Stopwatch watch;
  engine_ = factory_(command.engine);
  report_ = engine().load(progress);
  const double seconds = watch.seconds();
  peaks_.stop();

  Reply reply = memory();
  reply.numbers["protocol"] = kProtocol;
  reply.numbers["load_s"] = seconds;
  for (const auto& [phase, phase_s] : report_.phases_s) reply.numbers[phase + "_s"] = phase_s;
  reply.numbers["planned_bytes"] = static_cast<double>(engine().planned_bytes());
  reply.numbers["cached_share"] = report_.cached_share;
  reply.numbers["weights_bytes"] = static_cast<double>(report_.weights_bytes);
  reply.numbers["kv_bytes"] = static_cast<double>(report_.kv_bytes);
  reply.numbers["threads"] = report_.threads;
  reply.numbers["flops_per_token"] = report_.flops_per_token;
  reply.words = {{"device", report_.device},
                 {"isa", report_.isa},
                 {"kernel", report_.kernel},
                 {"activation", report_.activation}};
  put_model(reply, report_.model);
  return reply;
}

/// One prompt and a few steps: page faults, clock ramps and thread starts happen here.
Reply ModeMeasurement::warm_up(const Command& command) {
  engine().reset();
  if (command.n_prompt > 0) engine().prefill(random_tokens(command.n_prompt));
  for (const int32_t token : random_tokens(kWarmUpSteps)) engine().decode(token);
  peaks_.note();
  return {};
}

/// Timed: the prompt, up to the logits of its last token.
Reply ModeMeasurement::prefill(const Command& command) {
  const std::vector<int32_t> tokens = random_tokens(command.n_prompt);
  engine().reset();
  counted_.begin();
  const Stopwatch watch;
  engine().prefill(tokens);
  Reply reply;
  reply.numbers["seconds"] = watch.seconds();
  counted_.end(reply);
  if (command.probe) reply.numbers["product_rate"] = engine().product_rate();
  peaks_.note();
  return reply;
}

/// Timed: each step by itself, without sampling and text. Filling the cache to `depth` is not.
Reply ModeMeasurement::decode(const Command& command) {
  const int64_t before = command.resume ? 0 : command.depth;
  const std::vector<int32_t> tokens = random_tokens(command.n_gen + before);
  const std::span<const int32_t> all(tokens);
  const auto depth = static_cast<size_t>(before);
  if (!command.resume) engine().reset();
  if (depth > 0) engine().prefill(all.first(depth));
  std::vector<double> gaps;
  gaps.reserve(all.size() - depth);
  counted_.begin();
  const Stopwatch whole;
  for (const int32_t token : all.subspan(depth)) {
    const Stopwatch watch;
    engine().decode(token);
    inject_decode_delay(watch.seconds());
    gaps.push_back(watch.seconds());
  }
  Reply reply;
  reply.numbers["seconds"] = whole.seconds();
  counted_.end(reply);
  const uint64_t bytes = engine().bytes_per_token(command.depth + command.n_gen / 2);
  reply.numbers["bytes_per_token"] = static_cast<double>(bytes);
  if (command.probe) reply.numbers["read_bandwidth"] = engine().read_bandwidth(bytes);
  reply.series["gaps_s"] = std::move(gaps);
  peaks_.note();
  return reply;
}

/// A text of about `tokens` tokens: the beginning of the evaluation text, repeated if need be.
const std::string& ModeMeasurement::prompt_of(int64_t tokens) {
  std::string& prompt = prompts_[tokens];
  if (!prompt.empty()) return prompt;
  std::vector<int32_t> ids;
  const std::vector<int32_t> text = engine().encode(evaluation_text());
  while (!text.empty() && static_cast<int64_t>(ids.size()) < tokens)
    ids.insert(ids.end(), text.begin(), text.end());
  ids.resize(static_cast<size_t>(std::min<int64_t>(tokens, static_cast<int64_t>(ids.size()))));
  prompt = engine().text_of(ids);
  return prompt;
}

/// Timed: from the prompt's text to each token's text. Making the prompt is not.
Reply ModeMeasurement::stream(const Command& command) {
  const std::string prompt = prompt_of(command.n_prompt);
  double first = std::numeric_limits<double>::quiet_NaN();  // the first text that shows
  double last = 0;
  std::vector<double> gaps;
  int64_t generated = 0;
  const Stopwatch watch;
  const int64_t prompt_tokens = engine().stream(prompt, command.n_gen, [&](std::string_view text) {
    const double now = watch.seconds();
    if (std::isnan(first) && !text.empty()) first = now;
    if (generated > 0) gaps.push_back(now - last);
    last = now;
    ++generated;
  });
  Reply reply;
  reply.numbers["ttft_s"] = first;
  reply.numbers["prompt_tokens"] = static_cast<double>(prompt_tokens);
  reply.numbers["generated"] = static_cast<double>(generated);
  reply.series["gaps_s"] = std::move(gaps);
  peaks_.note();
  return reply;
}

Reply ModeMeasurement::slice(const Command& command) {
  Reply reply = slices_.take(engine(), command, counted_);
  peaks_.note();
  return reply;
}

Reply ModeMeasurement::memory() {
  peaks_.note();
  const measure::MemoryUse peaks = peaks_.peaks();
  const measure::MemoryUse now = measure::memory_use();
  Reply reply;
  reply.numbers["steady_anon_bytes"] = number_or_nan(now.anonymous_bytes);
  reply.numbers["steady_file_bytes"] = number_or_nan(now.file_bytes);
  reply.numbers["rss_bytes"] = number_or_nan(peaks.rss_bytes);
  reply.numbers["peak_rss_bytes"] = number_or_nan(peaks.peak_rss_bytes);
  reply.numbers["peak_anon_bytes"] = number_or_nan(peaks.anonymous_bytes);
  reply.numbers["peak_file_bytes"] = number_or_nan(peaks.file_bytes);
  reply.numbers["device_bytes"] =
      engine_ == nullptr ? 0 : static_cast<double>(engine_->device_bytes());
  return reply;
}

Reply ModeMeasurement::take_text(const Command& command) {
  text_ = engine().encode(command.text);
  windows_ = cut_windows(static_cast<int64_t>(text_.size()), report_.context);
  if (pool_ == nullptr) pool_ = std::make_unique<ThreadPool>(std::max(report_.threads, 1));
  Reply reply;
  reply.numbers["tokens"] = static_cast<double>(text_.size());
  reply.numbers["windows"] = static_cast<double>(windows_.count);
  return reply;
}

/// The largest difference between the logits of two runs over the same tokens; NaN if a run has
/// numbers that are not finite.
double ModeMeasurement::repeat_difference(std::span<const int32_t> tokens) {
  engine().reset();
  const std::span<const float> first = engine().logits(tokens);
  const std::vector<float> once(first.begin(), first.end());
  engine().reset();
  const std::span<const float> again = engine().logits(tokens);
  double largest = 0;
  for (size_t i = 0; i < once.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(once[i]) - again[i]);
    if (!(difference <= largest)) largest = difference;
    if (std::isnan(largest)) break;
  }
  return largest;
}

/// Not timed. What follows a window's last token is unknown, so it is not scored.
Reply ModeMeasurement::quality(const Command& command) {
  if (command.window < 0 || command.window >= windows_.count)
    throw Error(ErrorKind::kInternal, fmt::format("the text has no window {}", command.window));
  const auto size = static_cast<size_t>(windows_.tokens);
  const auto tokens =
      std::span<const int32_t>(text_).subspan(static_cast<size_t>(command.window) * size, size);
  const std::span<const int32_t> inputs = tokens.first(size - 1);
  const auto step = static_cast<size_t>(logit_rows_);

  WindowScorer scorer(tokens, report_.vocab, *pool_, command.write, command.compare);
  engine().reset();
  for (size_t start = 0; start < inputs.size(); start += step) {
    const size_t rows = std::min(step, inputs.size() - start);
    scorer.add(static_cast<int64_t>(start), engine().logits(inputs.subspan(start, rows)));
  }

  WindowScores scores = scorer.take();
  scores.nll.erase(scores.nll.begin(), scores.nll.begin() + (windows_.likelihood_from - 1));
  Reply reply;
  reply.series["nll"] = std::move(scores.nll);
  if (!command.compare.empty()) {
    reply.series["kld"] = std::move(scores.kld);
    reply.series["same_top"] = std::move(scores.same_top);
  }
  if (command.window == 0)
    reply.numbers["repeat_difference"] =
        repeat_difference(inputs.first(std::min(step, inputs.size())));
  return reply;
}

/// Not timed. The answer's tokens are those that it has behind the prompt, in our tokenizer.
Reply ModeMeasurement::judge(const Command& command) {
  const std::vector<int32_t> prompt = engine().encode(command.text);
  const std::vector<int32_t> both = engine().encode(command.text + command.answer);
  const auto apart = std::mismatch(prompt.begin(), prompt.end(), both.begin(), both.end()).second;
  const auto first = static_cast<size_t>(apart - both.begin());
  Reply reply;
  std::vector<double>&same_top = reply.series["same_top"], &nll = reply.series["nll"];
  if (first == 0 || first >= both.size()) return reply;
  const std::span<const int32_t> inputs(both.data(), both.size() - 1);
  const auto vocab = static_cast<size_t>(report_.vocab);
  const auto step = static_cast<size_t>(logit_rows_);
  engine().reset();
  for (size_t start = 0; start < inputs.size(); start += step) {
    const size_t rows = std::min(step, inputs.size() - start);
    const std::span<const float> logits = engine().logits(inputs.subspan(start, rows));
    for (size_t row = 0; row < rows; ++row) {
      const size_t next = start + row + 1;
      if (next < first) continue;
      const std::span<const float> of_row = logits.subspan(row * vocab, vocab);
      const auto token = static_cast<size_t>(both[next]);
      same_top.push_back(of_row[token] == *std::ranges::max_element(of_row) ? 1 : 0);
      nll.push_back(log_sum_exp(of_row) - of_row[token]);
    }
  }
  return reply;
}

}  // namespace nety::bench
