// Where each sampling value comes from: the command line, then the checkpoint, then the reference.
#include "app/generation.h"

#include <fmt/core.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <random>

#include "app/console.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/chat/thinking.h"
#include "core/checkpoint/stated.h"
#include "core/engine/speculation.h"
#include "core/model/messages.h"
#include "core/model/tokenizer_source.h"

namespace nety::app {
namespace {

/// What each value may be, on the command line and in a checkpoint.
struct Range {
  double least, most;
  bool holds(double value) const { return value >= least && value <= most; }
};
constexpr Range kTokens{1, 1'000'000}, kTemperature{0, 100}, kTopK{0, 1'000'000}, kTopP{0, 1},
    kMinP{0, 1}, kPenalty{0.01, 100};

/// The defaults of an engine.
struct Defaults {
  double temperature, top_p, min_p;
  int32_t top_k;
  int64_t repeat_window;
  bool temperature_last;
};
constexpr Defaults kTransformers{1.0, 1.0, 0.0, 50, INT64_MAX, false};
constexpr Defaults kLlamaCpp{0.8, 0.95, 0.05, 40, 64, true};

/// A value of the checkpoint that cannot be is as good as none.
template <class T>
double choose(T given, const std::optional<T>& own, double otherwise, Range range) {
  if (given >= 0) return static_cast<double>(given);
  const double stated = own ? static_cast<double>(*own) : -1;
  return range.holds(stated) ? stated : otherwise;
}

}  // namespace

ModelText load_text(const checkpoint::Checkpoint& checkpoint, const Context& context) {
  tokenizer::Tokenizer tokenizer = model::load_tokenizer(checkpoint);
  model::SpecialTokens special = model::special_tokens(checkpoint, tokenizer);
  if (const auto text = model::describe_size(checkpoint, tokenizer)) notice(context, *text);
  if (context.verbosity > 0)
    for (const Text& line : model::describe(special)) notice(context, line);
  // Files may differ for good reasons; an id that no token has is a mistake.
  for (const model::TokenConflict& one : special.conflicts)
    if (context.verbosity > 0 || one.kind == model::TokenConflict::Kind::kNoSuchToken)
      notice(context, model::describe(one));
  return {std::move(tokenizer), std::move(special)};
}

void GenerationOptions::declare(Arguments& arguments) {
  arguments.number("-n,--tokens", tokens, 1, 1'000'000, "Generate at most this many tokens");
  arguments.number("--seed", seed, -1, INT64_MAX, "Seed of the sampler; -1: a new one each time");
  arguments.real("--temp", temperature, kTemperature.least, kTemperature.most,
                 "Temperature; 0: the likeliest token; else the model's own");
  arguments.number("--top-k", top_k, 0, 1'000'000, "Sample from the K likeliest; 0: all");
  arguments.real("--top-p", top_p, kTopP.least, kTopP.most,
                 "Sample from the likeliest that sum to P; 1: all");
  arguments.real("--min-p", min_p, kMinP.least, kMinP.most,
                 "Drop tokens less likely than P times the likeliest; 0: none");
  arguments.real("--repeat-penalty", repeat_penalty, kPenalty.least, kPenalty.most,
                 "Penalty on tokens that came before; 1: none");
  arguments.texts("--stop", stops, "Stop at this text (repeatable)");
  arguments.flag("--greedy", greedy, "Always the likeliest token; overrides the sampling options");
  arguments.flag("--no-special", no_special,
                 "Control tokens written in the prompt or in messages stay text");
  arguments.text(
      "--chat-template", chat_template,
      "Another chat template than the model's: a Jinja file, or a name (chatml, llama3 ...)");
  arguments.choice("--think", think, {"show", "hide", "off"},
                   "What a model thinks before it answers; off: ask it not to");
  arguments.choice("--speculate", speculate, {"auto", "off"},
                   "Guess tokens from the text so far and check several at once; same tokens");
}

void GenerationOptions::set(std::string_view name, const std::string& text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = code == std::errc() && end == text.data() + text.size();
  const auto take = [&](Range range) {
    if (!number || !range.holds(value))
      throw Error(ErrorKind::kUsage, fmt::format("/set: cannot set '{}' to '{}'", name, text),
                  fmt::format("It takes a number from {} to {}.", range.least, range.most));
    return value;
  };
  if (name == "temp")
    temperature = take(kTemperature);
  else if (name == "top-k")
    top_k = static_cast<int64_t>(take(kTopK));
  else if (name == "top-p")
    top_p = take(kTopP);
  else if (name == "min-p")
    min_p = take(kMinP);
  else if (name == "repeat-penalty")
    repeat_penalty = take(kPenalty);
  else if (name == "seed")
    seed = static_cast<int64_t>(take({0, 1e9}));
  else if (name == "tokens")
    tokens = static_cast<int64_t>(take(kTokens));
  else
    throw Error(ErrorKind::kUsage, fmt::format("/set: cannot set '{}' to '{}'", name, text),
                "Names: temp, top-k, top-p, min-p, repeat-penalty, seed, tokens.");
}

engine::GenerateOptions GenerationOptions::resolve(const checkpoint::Checkpoint& checkpoint,
                                                   const model::SpecialTokens& special) const {
  const checkpoint::StatedSampling own = checkpoint::stated_sampling(checkpoint);
  const bool gguf = checkpoint.format() == checkpoint::Format::kGguf;
  const Defaults& defaults = gguf ? kLlamaCpp : kTransformers;
  engine::GenerateOptions options;
  options.tokens = tokens;
  options.stops = stops;
  options.end_ids = special.end_ids();
  engine::SamplingOptions& sampling = options.sampling;
  sampling.temperature = choose(temperature, own.temperature, defaults.temperature, kTemperature);
  sampling.top_p = choose(top_p, own.top_p, defaults.top_p, kTopP);
  sampling.min_p = choose(min_p, own.min_p, defaults.min_p, kMinP);
  sampling.repeat_penalty = choose(repeat_penalty, own.repeat_penalty, 1.0, kPenalty);
  sampling.top_k = static_cast<int32_t>(choose(top_k, own.top_k, defaults.top_k, kTopK));
  sampling.temperature_last = defaults.temperature_last;
  const int64_t window = own.repeat_window.value_or(-1);
  options.repeat_window = window >= 0 ? window : defaults.repeat_window;
  // transformers samples only where it is told to; asking for it here is one way.
  const bool asked = temperature >= 0 || top_k >= 0 || top_p >= 0 || min_p >= 0;
  if (!asked && !own.sample.value_or(gguf)) sampling.temperature = 0;
  sampling.greedy = greedy;
  options.speculate = speculate != "off";
  sampling.seed = seed >= 0 ? static_cast<uint64_t>(seed) : std::random_device()();
  return options;
}

int64_t GenerationOptions::logit_rows() const {
  return speculate == "off" ? 1 : engine::Speculation::kLongest + 1;
}

chat::ChatTemplate load_template(const checkpoint::Checkpoint& checkpoint,
                                 const GenerationOptions& options) {
  const std::string& given = options.chat_template;
  if (given.empty())
    return chat::ChatTemplate::read(checkpoint.chat_template(), checkpoint.path().string());
  if (chat::ChatTemplate::is_name(given) || !std::filesystem::exists(given))
    return chat::ChatTemplate::named(given);
  return chat::ChatTemplate::read(read_file(given), given);
}

PromptIds render_conversation(const chat::ChatTemplate& format, const ModelText& text,
                              std::span<const chat::Message> messages,
                              const GenerationOptions& options) {
  chat::TemplateContext context{.bos_token = text.special.bos.text,
                                .eos_token = text.special.eos.text};
  if (options.think == "off") context.thinking = false;
  chat::Prompt prompt = format.render(messages, context);
  // Control tokens written in messages stay text.
  if (!options.no_special) prompt.contents.clear();
  return {text.tokenizer.encode(prompt.text, {.add_special = false, .literal = prompt.contents}),
          chat::opened_thinking(prompt.text)};
}

std::vector<int32_t> encode_raw(const ModelText& text, const std::string& prompt, bool literal,
                                const Context& context) {
  const tokenizer::TextRange whole{0, prompt.size()};
  std::span<const tokenizer::TextRange> ranges(&whole, 1);
  std::vector<int32_t> ids =
      text.tokenizer.encode(prompt, {.literal = literal ? ranges : ranges.first(0)});
  const int32_t bos = text.special.bos.id;
  if (bos >= 0 && ids.size() > 1 && ids[0] == bos && ids[1] == bos)
    notice(context, Text{message::token_double_bos, {text.special.bos.text}});
  return ids;
}

}  // namespace nety::app
