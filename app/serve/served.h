// What a server serves: one model, what its text goes through, and what is told of it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/serve/ask.h"
#include "core/chat/chat_template.h"
#include "core/chat/tool_calls.h"
#include "core/engine/generation.h"
#include "core/serving/runner.h"

namespace nety::serve {

/// A prompt as tokens.
struct PromptTokens {
  std::vector<int32_t> ids;
  std::string_view opened = {};  ///< The tag of a thinking part that it leaves open; lives forever.
};

/// What is told of the model, at start and by /v1/models.
struct ModelCard {
  std::string id;  ///< As requests name it.
  std::string mode, backend, device;
  std::vector<std::string> policy;  ///< Which precision, and why: sentences.
  uint64_t weights_bytes = 0;       ///< In this precision.
  uint64_t per_token_bytes = 0;     ///< Of them, what making a token reads.
  int64_t context = 0;              ///< Tokens of a request and its answer.
  int64_t vocabulary = 0;
  int64_t created = 0;     ///< Unix seconds.
  bool same_bits = false;  ///< An answer has the same bits whoever else is served.
};

/// The functions are called by several threads at the same time, and throw nety::Error.
struct Served {
  ModelCard card;
  /// `tools`: see chat::TemplateContext.
  std::function<PromptTokens(std::span<const chat::Message>, const jinja::Data* tools)> render;
  /// How this model calls tools; null: it cannot.
  const chat::ToolFormat* tools = nullptr;
  std::function<std::vector<int32_t>(const std::string&)> encode;
  std::function<std::string(int32_t)> token_text;
  std::function<engine::GenerateOptions(const AskedSampling&)> resolve;
  /// What keeps an answer to a format that is not text; empty where nothing can.
  std::function<serving::MakeConstraint(const AskedFormat&)> constrain = {};
};

}  // namespace nety::serve
