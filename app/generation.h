// What generate and chat share: sampling options, defaults of the checkpoint, the conversation.
#pragma once

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/command.h"
#include "core/chat/chat_template.h"
#include "core/checkpoint/checkpoint.h"
#include "core/engine/generation.h"
#include "core/model/special_tokens.h"

namespace nety::app {

/// What a model's text goes through: its tokenizer, and what begins and ends an answer.
struct ModelText {
  tokenizer::Tokenizer tokenizer;
  model::SpecialTokens special;
};

/// Says what is odd about it, and with -v where each token comes from. Error: kCheckpoint.
ModelText load_text(const checkpoint::Checkpoint& checkpoint, const Context& context);

/// What stands for a sampling option that is not given; the command line shows no such default.
template <class T>
inline constexpr T kNotGiven = std::numeric_limits<T>::lowest();
template <>
inline constexpr double kNotGiven<double> = std::numeric_limits<double>::quiet_NaN();
inline bool is_given(double value) { return !std::isnan(value); }
inline bool is_given(int64_t value) { return value != kNotGiven<int64_t>; }

/// Sampling options of the command line. Where one is not given it is the checkpoint's value, else
/// the default of transformers for Hugging Face directories and of llama.cpp for GGUF files.
struct GenerationOptions {
  int64_t tokens = 128;
  int64_t seed = -1;
#define NETY_SAMPLING_OPTION(type, name, ...) type name = kNotGiven<type>;
#include "core/engine/sampling/options.def"
#undef NETY_SAMPLING_OPTION
  std::vector<std::string> biases;  ///< "ID:BIAS"
  std::vector<std::string> stops;
  bool greedy = false;
  bool no_special = false;
  std::string speculate = "auto";
  std::string chat_template;  ///< A file or a name; empty: the checkpoint's own.
  std::string think = "show";

  bool hides_thoughts() const { return think != "show"; }
  void declare(Arguments& arguments);
  /// The chat's /set NAME VALUE. Error: kUsage for a name or value that cannot be.
  void set(std::string_view name, const std::string& text);
  /// What set() would have to be told for the same: names and values of those that are not the
  /// model's own.
  std::map<std::string, std::string> given() const;
  /// The names that set() knows.
  static std::vector<std::string> settings();
  /// Filled in from the checkpoint and the defaults; a seed is drawn if none was given. Error:
  /// kUsage for a bias that is none.
  engine::GenerateOptions resolve(const checkpoint::Checkpoint& checkpoint,
                                  const model::SpecialTokens& special) const;
  /// Logit rows that an engine needs for them.
  int64_t logit_rows() const;
};

/// The chat template that the options name, or the checkpoint's. Errors: kCheckpoint (there is
/// none, or it is not supported), kUsage (neither a file nor a name).
chat::ChatTemplate load_template(const checkpoint::Checkpoint& checkpoint,
                                 const GenerationOptions& options);

/// A conversation as token ids.
struct PromptIds {
  std::vector<int32_t> ids;
  std::string_view opened = {};  ///< The tag of a thinking part that the prompt left open.
};
/// Errors: kCheckpoint, kUsage (the template refuses the conversation).
PromptIds render_conversation(const chat::ChatTemplate& format, const ModelText& text,
                              std::span<const chat::Message> messages,
                              const GenerationOptions& options, const jinja::Data* tools = nullptr);
/// Token ids of a prompt without a template. A notice says if it begins with BOS twice.
std::vector<int32_t> encode_raw(const ModelText& text, const std::string& prompt, bool literal,
                                const Context& context);

}  // namespace nety::app
