// The components of tokenizer.json before and after the model (huggingface/tokenizers,
// "components").
#pragma once

#include "core/tokenizer/json.h"
#include "core/tokenizer/pipeline.h"

namespace nety::tokenizer {

/// Each adds what `json` describes. Errors: kCheckpoint for what we do not support, naming it.
void read_normalizer(const Json& json, Normalizer& normalizer);
void read_pre_tokenizer(const Json& json, PreTokenizer& pre_tokenizer);
void read_decoder(const Json& json, Decoder& decoder);

/// What a post-processor puts before and after the ids of one text.
struct AddedIds {
  std::vector<int32_t> prefix, suffix;
};
/// Adds around what is there. `vocabulary` is complete: ids are checked against it.
void read_post_processor(const Json& json, const Vocabulary& vocabulary, AddedIds& ids);

}  // namespace nety::tokenizer
