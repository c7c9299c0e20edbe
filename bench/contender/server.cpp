// A server that speaks OpenAI's /v1/completions, timed from outside: what its user waits for.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/answers.h"
#include "bench/contender.h"
#include "bench/contender/adapter.h"
#include "bench/contender/event_stream.h"
#include "bench/contender/http.h"
#include "bench/contender/program.h"
#include "core/base/error.h"
#include "core/base/printable.h"

namespace nety::bench {
namespace {

using Json = nlohmann::json;

constexpr auto kPoll = std::chrono::milliseconds(50);
constexpr int kLooks = 4;
constexpr int kOk = 200, kBadRequest = 400, kUnauthorized = 401, kForbidden = 403, kNotFound = 404,
              kUnprocessable = 422, kBusy = 503;
constexpr int64_t kStartTokens = 8;  // of the prompt before a decode at depth 0
constexpr const char* kKey = "NETY_CONTENDER_KEY";
constexpr const char* kPath = "/v1/completions";
constexpr const char* kHow = "at the client of the server: sampling, text and HTTP included";

std::string key_of_user() {
  const char* key = std::getenv(kKey);
  return key == nullptr ? "" : key;
}

/// One request, and how its answer came.
struct Ask {
  std::string prompt;
  int64_t tokens = 1;
  bool greedy = true;
};

class Server final : public Adapter {
 public:
  explicit Server(std::string command) : command_(std::move(command)) {}

  Reply load(const Command& command, Source source) override {
    source_.emplace(std::move(source));
    const measure::Stopwatch watch;
    start(command.engine);
    find_model();
    const double load_s = watch.seconds();
    Reply reply;
    put_model(reply, source_->model());
    if (program_) reply.numbers["load_s"] = load_s;
    reply.numbers["threads"] = static_cast<double>(command.engine.run.threads);
    reply.words["device"] = "cpu";
    reply.words["kernel"] = fmt::format("OpenAI-compatible server, {}",
                                        model_.empty() ? "a model without a name" : model_);
    reply.words["how"] = kHow;
    return reply;
  }

  Reply perform(const Command& command) override {
    switch (command.action) {
      case Action::kWarmUp:
        ask({source_->fresh_prompt(command.n_prompt), kWarmUpSteps, true});
        return {};
      case Action::kPrefill:
        return prefill(command.n_prompt);
      case Action::kDecode:
        return decode(command);
      case Action::kStream:
        return stream(command);
      case Action::kAnswer:
        return answer(command);
      case Action::kMemory:
        return memory();
      default:
        throw Error(ErrorKind::kUsage, "a server is not asked for that");
    }
  }

 private:
  /// Starts it, if it is ours to start, and waits until it answers. Whoever asked limits the time.
  void start(const EngineRequest& engine) {
    std::string url = command_;
    if (!is_url(command_)) {
      const std::string port = std::to_string(free_port());
      std::string command = with(with(command_, "port", port), "model", source_->model().path);
      program_ =
          std::make_unique<Beside>(with(command, "threads", std::to_string(engine.run.threads)));
      url = "http://127.0.0.1:" + port;
    }
    http_ = connect_http(url, key_of_user());
    for (;;) {
      models_ = http_->get("/v1/models");
      if (models_.status == kOk || models_.status == kNotFound) return;
      if (models_.status == kUnauthorized || models_.status == kForbidden)
        throw Error(ErrorKind::kInternal, "it asks for a key",
                    fmt::format("Put the key into the variable {}.", kKey));
      refuse_if_ended("before it listened,");
      if (models_.status != 0 && models_.status != kBusy)
        refuse_answer(models_.status, models_.body);
      if (!program_ && models_.status == 0)
        throw Error(ErrorKind::kInternal, fmt::format("{}: {}", url, models_.failure));
      std::this_thread::sleep_for(kPoll);
    }
  }

  /// A connection is closed a moment before the end of its process can be seen: `lost`.
  void refuse_if_ended(const char* when, bool lost = false) {
    if (!program_) return;
    std::optional<std::string> end = program_->end();
    for (int i = 0; lost && i < kLooks && !end; ++i) {
      std::this_thread::sleep_for(kPoll);
      end = program_->end();
    }
    if (end) throw Error(ErrorKind::kInternal, fmt::format("{} {}", when, *end));
  }

  /// What it calls its model, and whether that can be ours.
  void find_model() {
    if (models_.status != kOk) return;
    const Json json = Json::parse(models_.body, nullptr, false);
    const auto data = json.is_object() ? json.find("data") : json.end();
    if (!json.is_object() || data == json.end() || !data->is_array() || data->empty() ||
        !data->front().is_object())
      throw Error(ErrorKind::kInternal,
                  fmt::format("/v1/models has no list of models: '{}'",
                              one_line(models_.body.substr(0, 80))),
                  "It must answer as OpenAI's servers do.");
    const Json& first = data->front();
    if (first.contains("id") && first["id"].is_string()) model_ = first["id"].get<std::string>();
    if (first.contains("meta") && first["meta"].is_object())
      source_->check_parameters(first["meta"].value("n_params", 0.0), model_);
  }

  Json body_of(const Ask& ask) const {
    Json body = {{"prompt", ask.prompt},
                 {"max_tokens", ask.tokens},
                 {"stream", true},
                 {"seed", 1},
                 {"temperature", ask.greedy ? 0.0 : 0.8}};
    if (!ask.greedy) body["top_p"] = 0.95;
    if (!model_.empty()) body["model"] = model_;
    if (plain_) return body;
    body["stream_options"] = {{"include_usage", true}};
    body["ignore_eos"] = true;     // llama.cpp and vLLM
    body["cache_prompt"] = false;  // llama.cpp
    body["top_k"] = ask.greedy ? 1 : 40;
    return body;
  }

  EventStream ask(const Ask& ask) {
    EventStream events;
    HttpAnswer answer;
    const auto post = [&] {
      events = EventStream();
      answer = http_->post(kPath, body_of(ask).dump(-1, ' ', false, Json::error_handler_t::replace),
                           [&events](std::string_view bytes) { events.take(bytes); });
    };
    post();
    if (!plain_ && (answer.status == kBadRequest || answer.status == kUnprocessable)) {
      plain_ = true;  // it refuses options that are not OpenAI's
      post();
    }
    if (answer.status == 0) refuse_if_ended("while it answered,", true);
    if (answer.status == 0) throw Error(ErrorKind::kInternal, answer.failure);
    if (answer.status != kOk) refuse_answer(answer.status, answer.body);
    if (events.empty())
      throw Error(
          ErrorKind::kInternal,
          fmt::format("it sent no event of a stream: '{}'", one_line(answer.body.substr(0, 80))),
          "It must answer /v1/completions with stream: true as OpenAI's servers do.");
    if (events.times().empty()) throw Error(ErrorKind::kInternal, "it answered with no text");
    return events;
  }

  int64_t prompt_tokens(const EventStream& events, const Ask& ask) const {
    return events.prompt_tokens() > 0 ? events.prompt_tokens() : source_->tokens_in(ask.prompt);
  }

  /// From the request to the first token: one step of decode, sampling and HTTP are in it.
  Reply prefill(int64_t tokens) {
    const Ask question{source_->fresh_prompt(tokens), 1, true};
    const EventStream events = ask(question);
    Reply reply;
    // The rate is of as many tokens as were asked for; a prompt of text may have some more.
    const auto read = static_cast<double>(prompt_tokens(events, question));
    reply.numbers["seconds"] = events.times().front() * static_cast<double>(tokens) / read;
    return reply;
  }

  /// Between the first and the last token.
  Reply decode(const Command& command) {
    const Ask question{source_->fresh_prompt(std::max(command.depth, kStartTokens)),
                       command.n_gen + 1, true};
    const EventStream events = ask(question);
    Reply reply;
    reply.series["gaps_s"] = gaps_of(events);
    double sum = 0;
    for (const double gap : reply.series["gaps_s"]) sum += gap;
    reply.numbers["seconds"] = sum;
    reply.numbers["tokens"] = static_cast<double>(
        std::min<int64_t>(static_cast<int64_t>(reply.series["gaps_s"].size()), command.n_gen));
    return reply;
  }

  /// A piece of text is a token, unless the server counted others.
  static std::vector<double> gaps_of(const EventStream& events) {
    const std::vector<double>& times = events.times();
    const int64_t tokens = events.completion_tokens() > 0 ? events.completion_tokens()
                                                          : static_cast<int64_t>(times.size());
    if (times.size() < 2 || tokens < 2)
      throw Error(ErrorKind::kInternal, "its answer ended after one token, or came in one piece",
                  "It must send each token as it has it.");
    std::vector<double> gaps;
    if (tokens == static_cast<int64_t>(times.size()))
      for (size_t i = 1; i < times.size(); ++i) gaps.push_back(times[i] - times[i - 1]);
    else
      gaps.assign(static_cast<size_t>(tokens - 1),
                  (times.back() - times.front()) / static_cast<double>(tokens - 1));
    return gaps;
  }

  Reply stream(const Command& command) {
    const Ask question{source_->fresh_prompt(command.n_prompt), command.n_gen, false};
    const EventStream events = ask(question);
    Reply reply;
    reply.numbers["ttft_s"] = events.times().front();
    reply.numbers["prompt_tokens"] = static_cast<double>(prompt_tokens(events, question));
    if (events.times().size() > 1) reply.series["gaps_s"] = gaps_of(events);
    return reply;
  }

  /// Greedy answers to pieces of text. Another tokenizer shows in the number of their tokens.
  Reply answer(const Command& command) {
    Reply reply;
    for (int64_t i = 0; i < kAnswerPrompts; ++i) {
      const Ask question{source_->piece(i, kAnswerPrompts, command.n_prompt), command.n_gen, true};
      const EventStream events = ask(question);
      const int64_t ours = source_->tokens_in(question.prompt), theirs = events.prompt_tokens();
      if (theirs > 0 && std::abs(theirs - ours) > 1)  // one may be a BOS
        throw Error(ErrorKind::kCheckpoint,
                    fmt::format("it runs another model: its tokenizer makes {} tokens of a text "
                                "where {} has {}",
                                theirs, source_->model().name, ours),
                    fmt::format("Give both the same model: nety has {}.", source_->model().path));
      reply.words[fmt::format("prompt_{}", i)] = question.prompt;
      reply.words[fmt::format("answer_{}", i)] = events.text();
    }
    return reply;
  }

  Reply memory() const {
    Reply reply;
    const uint64_t peak = program_ ? peak_of_group() : 0;
    reply.numbers["peak_rss_bytes"] = peak > 0 ? static_cast<double>(peak) : NAN;
    return reply;
  }

  std::string command_, model_;
  std::optional<Source> source_;
  std::unique_ptr<Beside> program_;
  std::unique_ptr<Http> http_;
  HttpAnswer models_;
  bool plain_ = false;  // options that are not OpenAI's are left out
};

}  // namespace

std::unique_ptr<Adapter> make_server(std::string command) {
  return std::make_unique<Server>(std::move(command));
}

}  // namespace nety::bench
