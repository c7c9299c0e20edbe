// Text to token ids and back, exactly as the model's own tokenizer does it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/added_tokens.h"
#include "core/tokenizer/text_range.h"

namespace nety::tokenizer {

class DecoderStream;
struct Pipeline;

/// The ids that SentencePiece gives where a file names none.
inline constexpr int32_t kSentencePieceBos = 1, kSentencePieceEos = 2;

/// The vocabulary of a GGUF file: its tokenizer.ggml.* metadata, as stored. Texts are the file's.
struct GgufVocabulary {
  std::string model;  ///< tokenizer.ggml.model: "gpt2" (byte-level BPE) or "llama" (SentencePiece).
  std::string pre;    ///< tokenizer.ggml.pre: "smollm", "llama-bpe" ...; may be empty.
  std::vector<std::string_view> tokens;
  std::vector<float> scores;         ///< SentencePiece: score per token.
  std::vector<int32_t> token_types;  ///< 1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte.
  std::vector<std::string_view> merges;               ///< byte-level: "left right".
  int32_t bos_id = -1, eos_id = -1, unknown_id = -1;  ///< -1: not given.
  /// tokenizer.ggml.add_bos_token and add_eos_token. Where the file does not say, a BOS is added
  /// for model "llama" and for pre "llama-bpe" and its aliases, an EOS never. Without an id of its
  /// own, or with one that is no token, SentencePiece has 0, 1 and 2, others add nothing.
  std::optional<bool> add_bos, add_eos;
  bool add_space_prefix = true;  ///< SentencePiece: a space before the text and after tokens in it.
  std::string source;            ///< The file, for messages.
};

struct EncodeOptions {
  bool add_special = true;    ///< Add what the tokenizer itself adds (a BOS token, say).
  bool parse_special = true;  ///< Recognise special tokens written in the text.
  /// Parts of the text, in order, that somebody else wrote: what would be a control token elsewhere
  /// is text there.
  std::span<const TextRange> literal = {};
};

/// A tokenizer. Immutable once made; encode and decode may be called from several threads.
class Tokenizer {
 public:
  /// From the text of tokenizer.json. `source` names it in messages. `more`: tokens that other
  /// files add, in order. One whose text is there already keeps its id and takes the new
  /// properties; others get the next ids, as in the `tokenizers` library's add_tokens (`id` is not
  /// looked at). Errors: kCheckpoint for JSON that is damaged or a component we do not support,
  /// naming it.
  static Tokenizer from_json(std::string_view tokenizer_json, const std::string& source,
                             std::span<const AddedToken> more = {});
  /// Errors: kCheckpoint for a model or pre-tokeniser we do not support, naming it, and for
  /// vocabularies that contradict themselves.
  static Tokenizer from_gguf(GgufVocabulary vocabulary);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Ids of `text`. Invalid UTF-8 is replaced by U+FFFD, as Python does when decoding with
  /// "replace".
  std::vector<int32_t> encode(std::string_view text, EncodeOptions options = {}) const;
  /// Text of `ids`, always valid UTF-8: bytes that are not become U+FFFD, as Python does. Special
  /// tokens are left out if `skip_special`, and so are ids beyond the vocabulary, which models with
  /// more rows than tokens say. Error: kUsage for a negative id.
  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const;

  /// One past the largest id.
  int32_t size() const;
  /// The id of a token by its exact text ("<|im_end|>"), or -1.
  int32_t find(std::string_view token) const;
  bool is_special(int32_t id) const;
  /// The token as the vocabulary has it; empty for an id without a token. Error: kUsage for an id
  /// outside the vocabulary.
  std::string_view token_text(int32_t id) const;
  /// The bytes that a token adds to a text in which others stand before it: part of a character, it
  /// may be. Empty for special and added tokens, for the unknown token and for ids without a token.
  /// Error: kUsage for an id outside the vocabulary.
  std::string token_bytes(int32_t id) const;

 private:
  friend class StreamDecoder;
  explicit Tokenizer(std::unique_ptr<Pipeline> pipeline);
  std::unique_ptr<Pipeline> pipeline_;
};

/// Turns ids into text one at a time. push() returns whole UTF-8 characters only, and only what no
/// later token can change: a run of byte tokens ("<0xE2>" ...) waits for its end. finish() returns
/// what was held back, incomplete characters as U+FFFD, and begins anew. The concatenation equals
/// decode() of all ids. Error: kUsage for a negative id.
class StreamDecoder {
 public:
  /// `tokenizer` must stay where it is while this lives.
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true);
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;
  ~StreamDecoder();

  std::string push(int32_t id);
  std::string finish();
  /// The same, appended to `text`.
  void push(int32_t id, std::string& text);
  void finish(std::string& text);

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  std::unique_ptr<DecoderStream> stream_;
};

}  // namespace nety::tokenizer
