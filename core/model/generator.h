// Text from a model: reads a prompt, picks tokens, streams their text, knows when to stop.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/sampler.h"
#include "core/model/session.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::model {

struct GenerateOptions {
  int64_t tokens = 128;            ///< At most this many, the end token included.
  std::vector<int32_t> end_ids;    ///< Any of these ends the answer.
  std::vector<std::string> stops;  ///< Any of these texts ends it; not part of the text.
  SamplingOptions sampling;
  int64_t repeat_window = 64;  ///< Tokens the repeat penalty looks back at.
  /// Guess tokens from what was said before and check several in one step (speculation.h). The
  /// tokens are the same either way. Needs a session with several logit rows, and a backend whose
  /// results do not depend on what else is in a step; without, nothing is guessed.
  bool speculate = false;
};

enum class FinishReason : uint8_t { kLength, kEnd, kStop, kContext, kInterrupted };
std::string_view name_of(FinishReason reason);

/// One answer. Times by the steady clock.
struct Generation {
  std::vector<int32_t> ids;  ///< The end token included if one was produced.
  std::string text;
  FinishReason finish = FinishReason::kLength;
  int64_t prompt_tokens = 0;
  double prefill_s = 0;           ///< Reading the prompt, up to its logits.
  double ttft_s = 0;              ///< From the call to the first token's text.
  double decode_s = 0;            ///< From the first token to the last.
  double engine_s = 0;            ///< Of decode_s, inside the model, one token per step.
  double speculated_s = 0;        ///< The same of steps with guesses,
  int64_t speculated_tokens = 0;  ///< and the tokens that came of them.
  std::vector<double> gaps_s;     ///< Between successive tokens.
  int64_t guessed = 0;            ///< Tokens speculation proposed,
  int64_t guessed_right = 0;      ///< and those of them that came.
};

/// Receives text as it comes; returns false to stop.
using OnText = std::function<bool(std::string_view)>;

/// Feeds `prompt` to the session and generates. Text that may be the beginning of a stop string is
/// held back until it is not.
Generation generate(Session& session, const tokenizer::Tokenizer& tokenizer,
                    std::span<const int32_t> prompt, const GenerateOptions& options,
                    const OnText& on_text);

}  // namespace nety::model
