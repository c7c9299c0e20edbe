// What generate and chat share: sampling options, defaults of the checkpoint, the conversation.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "core/checkpoint/checkpoint.h"
#include "core/model/generator.h"
#include "core/tokenizer/chat_template.h"

namespace nety::app {

/// Sampling options of the command line; a negative value means: the checkpoint's, else ours.
struct GenerationOptions {
  int64_t tokens = 128;
  int64_t seed = -1, top_k = -1;
  double temperature = -1, top_p = -1, min_p = -1, repeat_penalty = -1;
  std::vector<std::string> stops;
  bool greedy = false;
  std::string speculate = "auto";

  void declare(Arguments& arguments);
  /// Filled in from the checkpoint and our defaults; a seed is drawn if none was given.
  model::GenerateOptions resolve(const checkpoint::Checkpoint& checkpoint,
                                 const tokenizer::Tokenizer& tokenizer) const;
  /// Logit rows that a session needs for them.
  int64_t logit_rows() const;
};

/// The text of the beginning-of-sequence token, or empty.
std::string bos_text(const checkpoint::Checkpoint& checkpoint,
                     const tokenizer::Tokenizer& tokenizer);

/// Token ids of a conversation by the checkpoint's chat template.
/// Errors: kCheckpoint (template not known), kUsage (roles it does not take).
std::vector<int32_t> render_conversation(const checkpoint::Checkpoint& checkpoint,
                                         const tokenizer::Tokenizer& tokenizer,
                                         std::span<const tokenizer::Message> messages);

}  // namespace nety::app
