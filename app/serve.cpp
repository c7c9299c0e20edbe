// nety serve: a model over HTTP. The command loads it, says what is served and why, and makes the
// engine's steps in this thread until it is told to stop; app/serve/ has the rest.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "app/answer_formats.h"
#include "app/command.h"
#include "app/console.h"
#include "app/generation.h"
#include "app/messages.h"
#include "app/model_options.h"
#include "app/serve/access.h"
#include "app/serve/api.h"
#include "app/serve/http_library.h"
#include "core/base/error.h"
#include "core/engine/speculation.h"
#include "core/measure/memory.h"
#include "core/model/footprint.h"
#include "core/serving/engine_runner.h"
#include "core/serving/service.h"

namespace nety::app {
namespace {

/// After the last answer, clients have so long to read it.
constexpr double kReadingSeconds = 2;

int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// What goes to the HTTP library before there is anything to serve: the address is taken before the
/// model is loaded, so that one in use is an error at once.
class LateHandler final : public serve::HttpHandler {
 public:
  void serve_by(serve::HttpHandler& handler) { handler_ = &handler; }
  std::optional<serve::HttpAnswer> admit(const serve::HttpRequest& head) override {
    return handler_->admit(head);
  }
  serve::HttpAnswer answer(const serve::HttpRequest& request, serve::HttpPeer& peer) override {
    return handler_->answer(request, peer);
  }
  serve::HttpAnswer refuse(int status, std::string_view why) override {
    return handler_->refuse(status, why);
  }

 private:
  serve::HttpHandler* handler_ = nullptr;  // set before listening
};

class Serve final : public Command {
 public:
  void declare(Arguments& arguments) override {
    options_.declare(arguments);
    arguments.text("--host", access_.host,
                   "The address to listen on; another one than this "
                   "machine's own needs an API key");
    arguments.number("--port", port_, 0, 65535, "The port; 0: any that is free");
    arguments.text("--api-key-file", key_file_,
                   "Ask for the API key in this file's first line; else NETY_API_KEY if set");
    arguments.text("--cors", access_.origin, "Let pages of this origin ask (https://a.b, or *)");
    arguments.text("--alias", alias_, "The model's name in the interface");
    arguments.number("--slots", limits_.running, 1, 256, "Requests answered at the same time");
    arguments.number("--kept", kept_, 0, 256, "Further sequences whose prefixes are kept");
    arguments.number("--queue", limits_.queue, 0, 100'000, "Requests that may wait");
    arguments.number("--chunk", limits_.chunk_tokens, 1, 512,
                     "Tokens of prompts in a step beside answers");
    arguments.number("--max-tokens", limits_.answer_tokens, 0, 1 << 24,
                     "Tokens of an answer, at most; 0: what the context holds");
    arguments.real("--queue-time", limits_.queue_seconds, 1, 86400,
                   "Seconds in the queue, at most");
    arguments.real("--answer-time", limits_.answer_seconds, 1, 86400,
                   "Seconds of an answer, at most; then it is cut");
    arguments.real("--stall-time", limits_.stall_seconds, 1, 86400,
                   "Seconds that a reader may be behind");
    arguments.real("--stop-time", stop_seconds_, 0, 86400,
                   "Seconds that answers may go on when the server stops");
    arguments.number("--connections", connections_, 1, 512, "Connections at the same time");
    arguments.number("--body-bytes", body_bytes_, 1024, 1 << 30, "Bytes of a request, at most");
    arguments.text("--chat-template", generation_.chat_template,
                   "Another chat template than the model's: a Jinja file, or a name");
    arguments.choice("--think", generation_.think, {"show", "off"},
                     "What a model thinks before it answers; off: ask it not to");
    arguments.choice("--speculate", generation_.speculate, {"auto", "off"},
                     "Guess tokens of a request that runs alone; same tokens");
    arguments.flag("--control-tokens", control_tokens_,
                   "Read control tokens written in messages and prompts as such");
  }

  int run(const Context& context) override {
    generation_.no_special = !control_tokens_;
    options_.sequences = limits_.running + kept_;
    options_.logit_rows = std::max(limits_.running, generation_.logit_rows());
    require_key();
    if (options_.dry_run) {
      load(options_, context);
      return 0;
    }
    LateHandler handler;
    const serve::HttpLimits http_limits{.body_bytes = static_cast<size_t>(body_bytes_),
                                        .connections = static_cast<size_t>(connections_),
                                        .write_seconds = limits_.stall_seconds};
    const auto http = serve::make_http_server(handler, http_limits);
    const auto [port, trouble] = http->bind(access_.host, static_cast<int>(port_));
    if (port < 0)
      throw Error(ErrorKind::kIo,
                  fmt::format("{}:{} cannot be taken: {}", access_.host, port_, trouble),
                  "Give another --port (0: any that is free), or end what listens there.");
    return serve_model(*http, handler, port, context);
  }

 private:
  void require_key() {
    access_.key = serve::read_api_key(key_file_);
    if (access_.key.empty() && !serve::is_loopback(access_.host))
      throw Error(
          ErrorKind::kUsage,
          fmt::format("--host {}: other machines would reach it without an API key", access_.host),
          "Put a key into a file and give --api-key-file FILE, or set NETY_API_KEY; or "
          "leave --host out.");
  }

  int serve_model(serve::HttpServer& http, LateHandler& handler, int port, const Context& context) {
    std::optional<ModelText> text;
    std::optional<chat::ChatTemplate> format;
    const auto read = [&](const checkpoint::Checkpoint& checkpoint) {
      text.emplace(load_text(checkpoint, context));
      format.emplace(load_template(checkpoint, generation_));
    };
    std::optional<LoadedModel> loaded = load(options_, context, read);
    if (!loaded) return 0;
    engine::EngineOptions size = engine_options(options_, *loaded);
    size.logit_rows = options_.logit_rows;
    engine::Engine engine(*loaded->model, *loaded->backend, size);
    serving::EngineRunner runner(engine, text->tokenizer);
    serving::Service service(runner, limits_of(engine));
    AnswerFormats formats(text->tokenizer, text->special.end_ids(),
                          static_cast<int32_t>(loaded->model->config.vocab));
    serve::Served served = served_by(*loaded, *text, *format, context);
    served.constrain = [&](const serve::AskedFormat& asked) {
      return formats.constraint_of(asked);
    };
    serve::Api api(served, service, access_, [&] { return facts_of(engine); });
    handler.serve_by(api);
    treat_sigterm_as_interrupt();
    say_what_is_served(served.card, port, context);
    run_until_stopped(http, service, context);
    return 0;
  }

  serving::Limits limits_of(const engine::Engine& engine) const {
    serving::Limits limits = limits_;
    limits.context = engine.options().context;
    limits.step_tokens = engine.options().step_tokens;
    limits.guess_tokens = generation_.logit_rows();
    return limits;
  }

  serve::ServerFacts facts_of(const engine::Engine& engine) const {
    const measure::MemoryUse memory = measure::memory_use();
    return {.slots = limits_.running,
            .queue = limits_.queue,
            .cache_bytes = engine.cache_bytes(),
            .rss_bytes = memory.rss_bytes,
            .anonymous_bytes = memory.anonymous_bytes};
  }

  /// The model's name in the interface: the file's or the folder's, or as it was asked for.
  std::string model_id(const LoadedModel& loaded) const {
    if (!alias_.empty()) return alias_;
    std::error_code ignored;
    const bool by_name =
        options_.model != "default" && !std::filesystem::exists(options_.model, ignored);
    if (by_name) return options_.model;
    const std::filesystem::path path =
        std::filesystem::absolute(loaded.checkpoint->path()).lexically_normal();
    const std::filesystem::path name = path.has_filename() ? path : path.parent_path();
    return name.extension() == ".gguf" ? name.stem().string() : name.filename().string();
  }

  serve::ModelCard card_of(const LoadedModel& loaded, const Context& context) const {
    const model::Footprint cost = model::footprint(*loaded.model);
    serve::ModelCard card{.id = model_id(loaded),
                          .mode = loaded.mode,
                          .backend = std::string(loaded.backend->name()),
                          .device = std::string(loaded.backend->device()),
                          .policy = {},
                          .weights_bytes = cost.weights_bytes,
                          .per_token_bytes = cost.per_token_bytes,
                          .context = loaded.context,
                          .vocabulary = loaded.model->config.vocab,
                          .created = unix_seconds(),
                          .same_bits = loaded.backend->same_bits_for_many()};
    for (const Text& line : loaded.policy) card.policy.push_back(render(line, context.language));
    return card;
  }

  serve::Served served_by(const LoadedModel& loaded, const ModelText& text,
                          const chat::ChatTemplate& format, const Context& context) const {
    return {
        .card = card_of(loaded, context),
        .render =
            [&](std::span<const chat::Message> messages, const jinja::Data* tools) {
              PromptIds prompt = render_conversation(format, text, messages, generation_, tools);
              return serve::PromptTokens{std::move(prompt.ids), prompt.opened};
            },
        .tools = chat::tool_format(format.jinja()),
        .encode =
            [&](const std::string& prompt) {
              return encode_raw(text, prompt, generation_.no_special, context);
            },
        .token_text = [&](int32_t id) { return text.tokenizer.decode(std::span(&id, 1), false); },
        .resolve = [&](const serve::AskedSampling& asked) { return resolve(asked, loaded, text); }};
  }

  engine::GenerateOptions resolve(const serve::AskedSampling& asked, const LoadedModel& loaded,
                                  const ModelText& text) const {
    GenerationOptions options = generation_;
    const auto take = [](const auto& given, auto& option) {
      if (given) option = *given;
    };
    engine::visit_sampling(
        [&](const auto&, const auto& given, auto& option) { take(given, option); }, asked, options);
    take(asked.seed, options.seed);
    take(asked.tokens, options.tokens);
    options.stops = asked.stops;
    engine::GenerateOptions resolved = options.resolve(*loaded.checkpoint, text.special);
    resolved.sampling.bias = asked.bias;
    resolved.logprobs = asked.logprobs;
    return resolved;
  }

  void say_what_is_served(const serve::ModelCard& card, int port, const Context& context) const {
    const bool v6 = access_.host.find(':') != std::string::npos;
    const std::string address =
        fmt::format("http://{}:{}", v6 ? "[" + access_.host + "]" : access_.host, port);
    if (!serve::is_loopback(access_.host)) notice(context, {message::serve_public, {address}});
    notice(context, Text{access_.key.empty() ? message::serve_open : message::serve_key, {}});
    if (control_tokens_) notice(context, Text{message::serve_control, {}});
    if (!card.same_bits) notice(context, {message::serve_bits, {card.backend}});
    notice(context, {message::serve_listening,
                     {card.id, card.mode, card.backend, address, std::to_string(limits_.running),
                      std::to_string(card.context)}});
  }

  void run_until_stopped(serve::HttpServer& http, serving::Service& service,
                         const Context& context) const {
    std::atomic<bool> failed{false};
    std::thread listener([&] { failed = !http.listen(); });
    while (!interrupted() && !failed)
      if (!service.step()) service.wait(0.1);
    stop(http, service, context);
    listener.join();
    if (failed)
      throw Error(ErrorKind::kIo, "the server cannot listen any more",
                  "The system may have run out of file descriptors (ulimit -n).");
  }

  void stop(serve::HttpServer& http, serving::Service& service, const Context& context) const {
    service.stop_taking();
    if (const size_t running = service.statistics().running; running > 0)
      notice(context, {message::serve_stopping,
                       {std::to_string(running), fmt::format("{}", stop_seconds_)}});
    std::atomic<bool> stopped{false};
    std::thread stopper([&] {
      http.stop();
      stopped = true;
    });
    const double until = serving::steady_seconds() + stop_seconds_;
    while (!service.idle() && serving::steady_seconds() < until)
      if (!service.step()) service.wait(0.1);
    service.stop_all();
    const double read_until = serving::steady_seconds() + kReadingSeconds;
    while (!stopped) {
      if (!service.step()) service.wait(0.02);
      if (serving::steady_seconds() > read_until) http.abandon();
    }
    stopper.join();
  }

  ModelOptions options_;
  GenerationOptions generation_;
  serve::Access access_{.key = {}, .host = "127.0.0.1", .origin = {}};
  serving::Limits limits_;
  int64_t port_ = 8080, kept_ = 4, connections_ = 128, body_bytes_ = 8 << 20;
  double stop_seconds_ = 10;
  std::string key_file_, alias_;
  bool control_tokens_ = false;
};

}  // namespace

std::unique_ptr<Command> make_serve() { return std::make_unique<Serve>(); }

}  // namespace nety::app
