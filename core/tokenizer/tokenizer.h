// Text to token ids and back, exactly as the model's own tokenizer does it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nety::tokenizer {

/// The vocabulary of a GGUF file: its tokenizer.ggml.* metadata, as stored.
struct GgufVocabulary {
  std::string model;  ///< tokenizer.ggml.model: "gpt2" (byte-level BPE) or "llama" (SentencePiece).
  std::string pre;    ///< tokenizer.ggml.pre: "smollm", "llama-bpe" ...; may be empty.
  std::vector<std::string> tokens;
  std::vector<float> scores;         ///< SentencePiece: score per token.
  std::vector<int32_t> token_types;  ///< 1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte.
  std::vector<std::string> merges;   ///< byte-level: "left right".
  int32_t bos_id = -1, eos_id = -1, unknown_id = -1;
  bool add_bos = false, add_eos = false, add_space_prefix = true;
  std::string source;  ///< The file, for messages.
};

struct EncodeOptions {
  bool add_special = true;    ///< Add what the tokenizer itself adds (a BOS token, say).
  bool parse_special = true;  ///< Recognise special tokens written in the text.
};

/// A tokenizer. Immutable once made; encode and decode may be called from several threads.
class Tokenizer {
 public:
  /// From the text of tokenizer.json. `source` names it in messages.
  /// Errors: kCheckpoint for JSON that is damaged or a component we do not support, naming it.
  static Tokenizer from_json(std::string_view tokenizer_json, const std::string& source);
  static Tokenizer from_gguf(GgufVocabulary vocabulary);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Ids of `text`. Invalid UTF-8 is replaced by U+FFFD, as Python does when decoding with
  /// "replace".
  std::vector<int32_t> encode(std::string_view text, EncodeOptions options = {}) const;
  /// Text of `ids`; special tokens are left out if `skip_special`. Bytes are as produced: a caller
  /// that streams uses StreamDecoder. Ids outside the vocabulary: kUsage.
  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const;

  int32_t size() const;
  /// The id of a token by its exact text ("<|im_end|>"), or -1.
  int32_t find(std::string_view token) const;
  bool is_special(int32_t id) const;
  std::string_view token_text(int32_t id) const;

 private:
  struct State;
  friend class StreamDecoder;
  explicit Tokenizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Turns ids into text one at a time: push() returns only whole UTF-8 characters, finish() what is
/// left (incomplete characters become U+FFFD). The concatenation equals decode() of all ids.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}
  std::string push(int32_t id);
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  std::string pending_;
  bool first_ = true;
};

}  // namespace nety::tokenizer
