// What a checkpoint's files state of generation: ids of the tokens that begin and end a sequence,
// by place, and how to sample. Read when text is wanted, not when a checkpoint is opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/huggingface_config.h"

namespace nety::checkpoint {

/// Ids that one key of one file names.
struct StatedIds {
  std::string place;         ///< For people: "generation_config.json eos_token_id".
  std::vector<int64_t> ids;  ///< As the file has them: some may be no token.
};

/// Every place that names a beginning or an end by id, the most telling first.
struct StatedTokens {
  std::vector<StatedIds> bos, eos;
};

/// generation_config.json and config.json, or tokenizer.ggml.bos_token_id, eos_, eot_ and
/// eom_token_id. Errors: kCheckpoint for a value that is no id, naming file and key.
StatedTokens stated_tokens(const Checkpoint& checkpoint);

/// generation_config.json, or general.sampling.* of a GGUF. Nothing: not stated.
struct StatedSampling {
  std::optional<bool> sample;  ///< do_sample
  std::optional<double> temperature, top_p, min_p, typical, repeat_penalty;
  std::optional<int64_t> top_k, repeat_window;
};
StatedSampling stated_sampling(const Checkpoint& checkpoint);

/// What of a generation_config.json cannot be used, and so is left out: no model needs it to run.
std::vector<Notice> generation_notices(const JsonText& generation);

/// The folder of a Hugging Face checkpoint, which may be one file of it.
std::filesystem::path folder_of(const Checkpoint& checkpoint);

}  // namespace nety::checkpoint
