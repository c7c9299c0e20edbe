// What a request asks for, read from its JSON: plain data, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/chat/chat_template.h"
#include "core/engine/sampling/options.h"

namespace nety::serve {

/// How to sample; nothing: as the model says.
struct AskedSampling {
#define NETY_SAMPLING_OPTION(type, name, ...) std::optional<type> name{};
#include "core/engine/sampling/options.def"
#undef NETY_SAMPLING_OPTION
  std::optional<int64_t> seed{};
  std::optional<int64_t> tokens{};  ///< At most so many; nothing: what fits.
  std::vector<std::string> stops{};
  std::vector<engine::LogitBias> bias{};
  int32_t logprobs = -1;  ///< Of so many of the likeliest tokens, too; negative: none.
};

/// What an answer must look like.
struct AskedFormat {
  enum class Kind : uint8_t { kText, kJsonObject, kJsonSchema };
  Kind kind = Kind::kText;
  std::string schema{};  ///< JSON, for kJsonSchema.
};

struct Ask {
  std::string model;  ///< Empty: whatever is served.
  bool is_chat = false;
  std::vector<chat::Message> messages;  ///< Where is_chat is true; else one of:
  jinja::Data tools;                    ///< What may be called: a list, or nothing.
  std::string prompt;
  std::optional<std::vector<int32_t>> prompt_ids;
  AskedSampling sampling;
  AskedFormat format;
  int64_t answers = 1;
  bool stream = false;
  bool stream_usage = false;  ///< A last chunk with the usage.
  std::string user;           ///< Whose turn it is in the queue, within an address.
};

/// The body of /v1/chat/completions or /v1/completions. Error: ApiError 400 that names the field.
Ask read_chat_ask(const std::string& body);
Ask read_completion_ask(const std::string& body);

}  // namespace nety::serve
