// The tokenizer.ggml.* keys of GGUF (ggml-org/ggml, docs/gguf.md).
#include <fmt/core.h>

#include <cmath>

#include "core/tokenizer/end_texts.h"
#include "core/tokenizer/gguf_pre_tokenizers.h"
#include "core/tokenizer/pipeline.h"
#include "core/tokenizer/refuse.h"
#include "core/tokenizer/tokenizer.h"
#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

constexpr std::string_view kWordMark = "\xe2\x96\x81";  // U+2581, SentencePiece's space

// Values of tokenizer.ggml.token_type.
constexpr int32_t kNormal = 1;
constexpr int32_t kUnknown = 2;
constexpr int32_t kControl = 3;
constexpr int32_t kUserDefined = 4;

int32_t type_of(const GgufVocabulary& gguf, size_t id) {
  return gguf.token_types.empty() ? kNormal : gguf.token_types[id];
}

/// The same, but tokens that are known for control tokens are that, as in llama.cpp: converters
/// often type them otherwise.
int32_t meant_type(const GgufVocabulary& gguf, size_t id) {
  const int32_t type = type_of(gguf, id);
  if (type != kNormal && type != kUserDefined) return type;
  const EndText* known = find_end_text(gguf.tokens[id]);
  return known != nullptr && known->use != EndTextUse::kEndHere ? kControl : type;
}

/// Tables of one entry per token have one entry per token.
void check_length(const GgufVocabulary& gguf, std::string_view key, size_t entries) {
  if (entries != gguf.tokens.size())
    refuse(gguf.source,
           fmt::format("{} has {} entries for {} tokens", key, entries, gguf.tokens.size()),
           kDamaged);
}

/// The tokens go into the pipeline; those that are matched as written are registered there.
void take_tokens(const GgufVocabulary& gguf, Pipeline& pipeline) {
  if (!gguf.token_types.empty())
    check_length(gguf, "tokenizer.ggml.token_type", gguf.token_types.size());
  if (gguf.tokens.empty()) refuse(gguf.source, "tokenizer.ggml.tokens is empty", kDamaged);
  if (gguf.tokens.size() > static_cast<size_t>(kMaxTokenId))
    refuse(gguf.source, fmt::format("tokenizer.ggml.tokens has {} entries, more than {}",
                                    gguf.tokens.size(), kMaxTokenId));
  pipeline.vocabulary = Vocabulary(gguf.tokens.size());
  for (size_t i = 0; i < gguf.tokens.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    const int32_t type = meant_type(gguf, i);
    if (type == kControl || type == kUserDefined || type == kUnknown)
      pipeline.add(
          {.content = std::string(gguf.tokens[i]), .id = id, .special = type != kUserDefined});
    if (!pipeline.vocabulary.add(gguf.tokens[i], id))
      refuse(gguf.source,
             fmt::format("tokenizer.ggml.tokens[{}]: {} is there twice", i, quote(gguf.tokens[i])),
             kDamaged);
  }
}

int32_t checked_id(const GgufVocabulary& gguf, const Pipeline& pipeline, std::string_view key,
                   int32_t id) {
  if (!pipeline.vocabulary.contains(id))
    refuse(gguf.source,
           fmt::format("tokenizer.ggml.{} is {}, which is not one of the {} tokens", key, id,
                       pipeline.vocabulary.size()),
           kDamaged);
  return id;
}

/// An id that is none, or no token, becomes what its kind of vocabulary has by default.
void settle(int32_t& id, int32_t otherwise, const GgufVocabulary& gguf) {
  if (id < 0 || static_cast<size_t>(id) >= gguf.tokens.size()) id = otherwise;
}

void add_ends(const GgufVocabulary& gguf, bool bos_by_default, Pipeline& pipeline) {
  // Where a file names none, llama.cpp takes token 11 of a byte-level vocabulary, a letter; we
  // none.
  const bool there = pipeline.vocabulary.contains(gguf.bos_id);
  if (gguf.add_bos.value_or(bos_by_default && there))
    pipeline.prefix_ids.push_back(checked_id(gguf, pipeline, "bos_token_id", gguf.bos_id));
  if (gguf.add_eos.value_or(false))
    pipeline.suffix_ids.push_back(checked_id(gguf, pipeline, "eos_token_id", gguf.eos_id));
}

int32_t merge_part(const GgufVocabulary& gguf, const Pipeline& pipeline, size_t entry,
                   std::string_view token) {
  const int32_t id = pipeline.vocabulary.find(token);
  if (id < 0)
    refuse(gguf.source,
           fmt::format("tokenizer.ggml.merges[{}] names {}, which is not a token", entry,
                       quote(token)),
           kDamaged);
  return id;
}

std::unique_ptr<Bpe> ranked_model(const GgufVocabulary& gguf, const Pipeline& pipeline,
                                  bool ignore_merges) {
  BpeOptions options;
  options.ignore_merges = ignore_merges;
  if (gguf.merges.empty()) refuse(gguf.source, "tokenizer.ggml.merges is missing", kDamaged);
  auto model = std::make_unique<RankedBpe>(pipeline.vocabulary, options, gguf.merges.size());
  std::string joined;
  int32_t id = -1;
  for (size_t i = 0; i < gguf.merges.size(); ++i) {
    const std::string_view merge = gguf.merges[i];
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos)
      refuse(gguf.source,
             fmt::format("tokenizer.ggml.merges[{}]: {} is not a pair of tokens", i, quote(merge)),
             kDamaged);
    const std::string_view left = merge.substr(0, space);
    const std::string_view right = merge.substr(space + 1);
    joined.assign(left).append(right);
    const int32_t left_id = merge_part(gguf, pipeline, i, left);
    const int32_t right_id = merge_part(gguf, pipeline, i, right);
    // Tokens mostly stand in the order of their merges: looking there first saves a search.
    const bool next =
        pipeline.vocabulary.contains(id + 1) && pipeline.vocabulary.text(id + 1) == joined;
    id = next ? id + 1 : merge_part(gguf, pipeline, i, joined);
    model->add_merge(left_id, right_id, static_cast<uint32_t>(i), id);
  }
  return model;
}

/// GPT-2's way: every byte has a character, every text a tokenisation.
void build_byte_level(const GgufVocabulary& gguf, Pipeline& pipeline) {
  const GgufPreTokenizer* pre = find_gguf_pre_tokenizer(gguf.pre);
  if (pre == nullptr)
    refuse(gguf.source,
           gguf.pre.empty()
               ? std::string("tokenizer.ggml.pre is missing: how text is split is not known")
               : fmt::format("tokenizer.ggml.pre: the pre-tokenizer {} is not supported",
                             quote(gguf.pre)),
           fmt::format("Supported: {}. The model's Hugging Face directory with tokenizer.json may "
                       "work.",
                       gguf_pre_tokenizer_names()));
  take_tokens(gguf, pipeline);
  pre->add_steps(gguf.source, pipeline.normalizer, pipeline.pre_tokenizer);
  pipeline.model = ranked_model(gguf, pipeline, pre->ignore_merges);
  pipeline.decoder.add({.kind = DecoderStep::Kind::kByteLevel});
  add_ends(gguf, pre->adds_bos, pipeline);
}

/// SentencePiece's way: spaces are U+2581, pieces merge by score, the rest falls back to bytes.
void build_sentencepiece(GgufVocabulary& gguf, Pipeline& pipeline) {
  // Without scores, as in llama.cpp, all pieces are alike.
  if (gguf.scores.empty()) gguf.scores.assign(gguf.tokens.size(), 0.0F);
  check_length(gguf, "tokenizer.ggml.scores", gguf.scores.size());
  for (size_t i = 0; i < gguf.scores.size(); ++i)
    if (std::isnan(gguf.scores[i]))
      refuse(gguf.source, fmt::format("tokenizer.ggml.scores[{}] is not a number", i), kDamaged);
  // The ids that SentencePiece gives by default.
  if (gguf.unknown_id < 0) gguf.unknown_id = 0;
  settle(gguf.bos_id, kSentencePieceBos, gguf);
  settle(gguf.eos_id, kSentencePieceEos, gguf);
  take_tokens(gguf, pipeline);
  std::vector<bool> mergeable;
  for (int32_t id = 0; id < pipeline.vocabulary.size(); ++id) {
    const int32_t type = meant_type(gguf, static_cast<size_t>(id));
    mergeable.push_back(type == kNormal || type == kUserDefined);
  }
  BpeOptions options;
  options.unknown_id = checked_id(gguf, pipeline, "unknown_token_id", gguf.unknown_id);
  options.fuse_unknown = true;
  options.byte_fallback = true;
  options.long_pieces = true;
  pipeline.model =
      std::make_unique<ScoredBpe>(pipeline.vocabulary, options, gguf.scores, std::move(mergeable));
  const std::string mark(kWordMark);
  if (gguf.add_space_prefix)
    pipeline.normalizer.add({.kind = NormalizerStep::Kind::kPrepend, .text = mark});
  pipeline.normalizer.add(
      {.kind = NormalizerStep::Kind::kReplace, .pattern = {" ", nullptr}, .text = mark});
  pipeline.decoder.add(
      {.kind = DecoderStep::Kind::kReplace, .pattern = {mark, nullptr}, .text = " "});
  pipeline.decoder.add({.kind = DecoderStep::Kind::kByteFallback});
  pipeline.decoder.add({.kind = DecoderStep::Kind::kFuse});
  if (gguf.add_space_prefix)
    pipeline.decoder.add({.kind = DecoderStep::Kind::kStrip, .text = " ", .start = 1});
  add_ends(gguf, true, pipeline);
}

}  // namespace

Tokenizer Tokenizer::from_gguf(GgufVocabulary vocabulary) {
  auto pipeline = std::make_unique<Pipeline>();
  pipeline->source = vocabulary.source;
  if (vocabulary.model == "gpt2")
    build_byte_level(vocabulary, *pipeline);
  else if (vocabulary.model == "llama")
    build_sentencepiece(vocabulary, *pipeline);
  else
    refuse(vocabulary.source, fmt::format("tokenizer.ggml.model: the tokenizer {} is not supported",
                                          quote(vocabulary.model)));
  return Tokenizer(std::move(pipeline));
}

}  // namespace nety::tokenizer
