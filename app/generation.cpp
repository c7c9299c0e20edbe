// Where each sampling value comes from: the command line, then the checkpoint, then the reference.
#include "app/generation.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <random>

#include "app/console.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/words.h"
#include "core/chat/thinking.h"
#include "core/checkpoint/stated.h"
#include "core/engine/speculation.h"
#include "core/model/messages.h"
#include "core/model/tokenizer_source.h"

namespace nety::app {
namespace {

using engine::SamplingOrder;
using engine::SamplingRow;

constexpr int64_t kMostTokens = 1'000'000, kMostSeed = INT64_MAX;
constexpr float kMostBias = 100;  // as OpenAI's

/// What a checkpoint states for an option.
std::optional<double> stated(const checkpoint::StatedSampling& own, std::string_view option) {
  const auto whole = [](const std::optional<int64_t>& value) {
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  };
  const std::pair<std::string_view, std::optional<double>> values[] = {
      {"temperature", own.temperature},
      {"top_k", whole(own.top_k)},
      {"top_p", own.top_p},
      {"min_p", own.min_p},
      {"typical", own.typical},
      {"repeat_penalty", own.repeat_penalty},
      {"penalty_window", whole(own.repeat_window)}};
  for (const auto& [name, value] : values)
    if (name == option) return value;
  return std::nullopt;
}

/// A value of the checkpoint that cannot be is as good as none.
template <class T>
T choose(const SamplingRow<T>& row, T given, const checkpoint::StatedSampling& own,
         SamplingOrder order) {
  if (is_given(given)) return given;
  const std::optional<double> value = stated(own, row.name);
  return value && row.holds(*value) ? static_cast<T>(*value) : row.usual(order);
}

void declare_one(Arguments& arguments, const SamplingRow<double>& row, double& value) {
  arguments.real(std::string(row.flag), value, row.least, row.most, std::string(row.help));
}
void declare_one(Arguments& arguments, const SamplingRow<int64_t>& row, int64_t& value) {
  arguments.number(std::string(row.flag), value, row.least, row.most, std::string(row.help));
}

/// How /set calls an option: its flag without the dashes.
template <class T>
std::string_view setting_of(const SamplingRow<T>& row) {
  return row.flag.substr(2);
}

template <class T>
std::optional<T> number_of(std::string_view text) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Sets `to` to the number that `text` is. Error: kUsage for what is none in [least, most].
template <class T>
void set_number(std::string_view name, const std::string& text, T least, T most, T& to) {
  const std::optional<T> value = number_of<T>(text);
  if (!value || !(*value >= least && *value <= most))
    throw Error(ErrorKind::kUsage, fmt::format("/set: cannot set '{}' to '{}'", name, text),
                fmt::format("It takes a number from {} to {}.", least, most));
  to = *value;
}

engine::LogitBias bias_of(const std::string& text) {
  const size_t colon = std::min(text.find(':'), text.size());
  const auto token = number_of<int32_t>(std::string_view(text).substr(0, colon));
  const auto bias =
      number_of<float>(std::string_view(text).substr(std::min(colon + 1, text.size())));
  if (!token || *token < 0 || !bias || !(std::fabs(*bias) <= kMostBias))
    throw Error(ErrorKind::kUsage, fmt::format("--logit-bias: '{}' is no ID:BIAS", text),
                fmt::format("A token's id (nety tokenize) and a number from {} to {}: 1234:-5.",
                            -kMostBias, kMostBias));
  return {*token, *bias};
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
  arguments.number("-n,--tokens", tokens, 1, kMostTokens, "Generate at most this many tokens");
  arguments.number("--seed", seed, -1, kMostSeed, "Seed of the sampler; -1: a new one each time");
  engine::visit_sampling([&](const auto& row, auto& value) { declare_one(arguments, row, value); },
                         *this);
  arguments.texts("--logit-bias", biases,
                  "ID:BIAS, added to that token's logit, -100 to 100 (repeatable)");
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
  bool found = false;
  engine::visit_sampling(
      [&](const auto& row, auto& value) {
        if (setting_of(row) != name) return;
        set_number(name, text, row.least, row.most, value);
        found = true;
      },
      *this);
  if (found) return;
  if (name == "seed") return set_number<int64_t>(name, text, 0, kMostSeed, seed);
  if (name == "tokens") return set_number<int64_t>(name, text, 1, kMostTokens, tokens);
  throw Error(ErrorKind::kUsage, fmt::format("/set: cannot set '{}' to '{}'", name, text),
              fmt::format("Names: {}.", joined(settings(), ", ")));
}

std::map<std::string, std::string> GenerationOptions::given() const {
  std::map<std::string, std::string> values;
  engine::visit_sampling(
      [&](const auto& row, const auto& value) {
        if (is_given(value)) values[std::string(setting_of(row))] = fmt::format("{}", value);
      },
      *this);
  if (seed >= 0) values["seed"] = std::to_string(seed);
  values["tokens"] = std::to_string(tokens);
  return values;
}

std::vector<std::string> GenerationOptions::settings() {
  std::vector<std::string> names;
  GenerationOptions any;
  engine::visit_sampling([&](const auto& row, const auto&) { names.emplace_back(setting_of(row)); },
                         any);
  names.insert(names.end(), {"seed", "tokens"});
  return names;
}

engine::GenerateOptions GenerationOptions::resolve(const checkpoint::Checkpoint& checkpoint,
                                                   const model::SpecialTokens& special) const {
  const checkpoint::StatedSampling own = checkpoint::stated_sampling(checkpoint);
  const bool gguf = checkpoint.format() == checkpoint::Format::kGguf;
  engine::GenerateOptions options;
  options.tokens = tokens;
  options.stops = stops;
  options.end_ids = special.end_ids();
  engine::SamplingOptions& sampling = options.sampling;
  sampling.order = gguf ? SamplingOrder::kLlamaCpp : SamplingOrder::kTransformers;
  bool asked = false;
  engine::visit_sampling(
      [&](const auto& row, auto& value, const auto& given) {
        value = choose(row, given, own, sampling.order);
        asked = asked || (is_given(given) && row.role == engine::SamplingRole::kDraws);
      },
      sampling, *this);
  // transformers samples only where it is told to; asking for it here is one way.
  if (!asked && !own.sample.value_or(gguf)) sampling.temperature = 0;
  for (const std::string& bias : biases) sampling.bias.push_back(bias_of(bias));
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
                              const GenerationOptions& options, const jinja::Data* tools) {
  chat::TemplateContext context{.bos_token = text.special.bos.text,
                                .eos_token = text.special.eos.text};
  if (options.think == "off") context.thinking = false;
  context.tools = tools;
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
