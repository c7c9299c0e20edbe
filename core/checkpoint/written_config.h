// config.json and generation_config.json of a directory that we write.
#pragma once

#include <string>
#include <string_view>

#include "core/checkpoint/checkpoint.h"

namespace nety::checkpoint {

/// How the written model is described.
struct WrittenForm {
  precision::ModeId mode;  ///< Of the linear layers.
  std::string dtype;       ///< Of everything else: "float32", "bfloat16", "float16".
};

/// The text of config.json as transformers writes it (two spaces, sorted keys): the source's own
/// with dtype and quantization_config put right, or made from GGUF metadata. Error: kCheckpoint if
/// a GGUF has RoPE frequencies that no config.json can express.
std::string written_config(const Checkpoint& source, const WrittenForm& form);

/// The text of generation_config.json: the source's own, or made from GGUF metadata.
std::string written_generation_config(const Checkpoint& source);

}  // namespace nety::checkpoint
