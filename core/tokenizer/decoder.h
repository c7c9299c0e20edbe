// From tokens back to text: the decoders of tokenizer.json, one token at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tokenizer/normalizer.h"

namespace nety::tokenizer {

/// One step. A value.
struct DecoderStep {
  enum class Kind : uint8_t {
    kReplace,       ///< `pattern` by `text`.
    kByteFallback,  ///< Runs of "<0x0A>" become the bytes, or U+FFFD each if they are not UTF-8.
    kFuse,          ///< What follows sees one text, no longer tokens.
    kStrip,         ///< Up to `start` times `text` off the front, up to `stop` off the end.
    kByteLevel,     ///< Characters of the byte-level alphabet become bytes.
    kMetaspace,     ///< `text` becomes a space; none from the first token if `start` is 1.
    kJoin,          ///< `text` between tokens.
  };
  Kind kind;
  Pattern pattern = {};
  std::string text = {};
  size_t start = 0, stop = 0;
};

/// The steps in their order.
class Decoder {
 public:
  void add(DecoderStep step) { steps_.push_back(std::move(step)); }
  const std::vector<DecoderStep>& steps() const { return steps_; }
  /// The bytes of one token in the midst of a text, where nothing is stripped or repaired.
  std::string bytes_of(std::string_view token) const;

 private:
  std::vector<DecoderStep> steps_;
};

/// Decodes tokens as they come. The text is that of all tokens at once, given out as early as the
/// steps allow: a run of byte tokens waits for its end, a cut-off character for its rest.
class DecoderStream {
 public:
  /// `decoder` must outlive this.
  explicit DecoderStream(const Decoder& decoder);

  /// Appends to `text` what is certain after `token`: whole UTF-8 characters.
  void push(std::string_view token, std::string& text);
  /// Appends what was held back; the stream is then as new.
  void finish(std::string& text);

 private:
  struct State {
    std::string held;      // bytes of a run; a tail that may be stripped
    size_t stripped = 0;   // kStrip after kFuse: how many came off the front
    bool started = false;  // a token, or text after the stripped front, has passed
  };
  void feed(size_t step, std::string_view token);
  void flush(size_t step);
  void end_byte_run(size_t step);
  void strip_token(size_t step, std::string_view token);
  void strip_text(size_t step, std::string_view text);

  const Decoder* decoder_;
  std::vector<State> states_;
  std::vector<bool> fused_;  // a kFuse stands before the step
  std::string pending_;      // bytes not yet given out
};

}  // namespace nety::tokenizer
