// Where each sampling value comes from: the command line, then the checkpoint, then the engine.
#include "app/generation.h"

#include <random>

#include "core/model/speculation.h"

namespace nety::app {
namespace {

template <class T>
void take(T& value, T given, T checkpoint) {
  if (given >= 0)
    value = given;
  else if (checkpoint >= 0)
    value = checkpoint;
}

}  // namespace

void GenerationOptions::declare(Arguments& arguments) {
  arguments.number("-n,--tokens", tokens, 1, 1'000'000, "Generate at most this many tokens");
  arguments.number("--seed", seed, -1, INT64_MAX, "Seed of the sampler; -1: a new one each time");
  arguments.real("--temp", temperature, -1, 100, "Temperature; 0: greedy; -1: the model's own");
  arguments.number("--top-k", top_k, -1, 1'000'000, "Sample from the K likeliest; 0: all");
  arguments.real("--top-p", top_p, -1, 1, "Sample from the likeliest that sum to P; 1: all");
  arguments.real("--min-p", min_p, -1, 1, "Drop tokens less likely than P times the likeliest");
  arguments.real("--repeat-penalty", repeat_penalty, -1, 100,
                 "Penalty on tokens of the last 64; 1: none");
  arguments.texts("--stop", stops, "Stop at this text (repeatable)");
  arguments.flag("--greedy", greedy, "Always the likeliest token; overrides the sampling options");
  arguments.choice("--speculate", speculate, {"auto", "off"},
                   "Guess tokens from the text so far and check several at once; same tokens");
}

model::GenerateOptions GenerationOptions::resolve(const checkpoint::Checkpoint& checkpoint,
                                                  const tokenizer::Tokenizer& tokenizer) const {
  const checkpoint::GenerationDefaults& own = checkpoint.generation();
  model::GenerateOptions options;
  options.tokens = tokens;
  options.stops = stops;
  options.end_ids = own.eos_ids;
  // Instruction models end a turn with a token that their metadata does not always name.
  for (const char* end : {"<|im_end|>", "<|eot_id|>", "<|end|>"}) {
    const int32_t id = tokenizer.find(end);
    if (id >= 0 && tokenizer.is_special(id)) options.end_ids.push_back(id);
  }
  take(options.sampling.temperature, temperature, own.temperature);
  take(options.sampling.top_k, static_cast<int32_t>(top_k), own.top_k);
  take(options.sampling.top_p, top_p, own.top_p);
  take(options.sampling.min_p, min_p, -1.0);
  take(options.sampling.repeat_penalty, repeat_penalty, own.repeat_penalty);
  options.sampling.greedy = greedy;
  options.speculate = speculate != "off";
  options.sampling.seed = seed >= 0 ? static_cast<uint64_t>(seed) : std::random_device()();
  return options;
}

int64_t GenerationOptions::logit_rows() const {
  return speculate == "off" ? 1 : model::Speculation::kLongest + 1;
}

std::string bos_text(const checkpoint::Checkpoint& checkpoint,
                     const tokenizer::Tokenizer& tokenizer) {
  const int32_t id = checkpoint.generation().bos_id;
  return id >= 0 && id < tokenizer.size() ? std::string(tokenizer.token_text(id)) : std::string();
}

std::vector<int32_t> render_conversation(const checkpoint::Checkpoint& checkpoint,
                                         const tokenizer::Tokenizer& tokenizer,
                                         std::span<const tokenizer::Message> messages) {
  const auto format =
      tokenizer::ChatTemplate::recognise(checkpoint.chat_template(), checkpoint.path().string());
  const std::string text = format.render(messages, bos_text(checkpoint, tokenizer));
  return tokenizer.encode(text, {.add_special = false});
}

}  // namespace nety::app
