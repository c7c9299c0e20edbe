// The rules of JSON itself: white space, strings, numbers, and any value.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/grammar/builder.h"

namespace nety::grammar {

/// A text in quotes as this folder writes it: `"`, `\` and control characters are escaped (by their
/// letter, or else \u00XX), nothing else is.
std::string json_string(std::string_view text);

/// The states inside a JSON string. `text` stands between two characters; the others in one.
struct TextStates {
  int32_t text, escape;
  int32_t after_e0, after_ed, after_f0, after_f4;  ///< Lead bytes that restrict the next.
  int32_t one, two, three;                         ///< Continuation bytes that are missing.
};

/// Rules are made when first asked for. White space where it may stand is nothing, a space, or a
/// line break and up to 128 spaces and tabs.
class JsonRules {
 public:
  explicit JsonRules(Builder& builder) : builder_(builder) {}

  int32_t white_space();
  /// A string of `least` to `most` characters.
  int32_t string(int32_t least = 0, int32_t most = kUnbounded);
  int32_t number();
  int32_t integer();
  int32_t value();
  int32_t object();
  int32_t array();

  /// The inside of a string, in a rule of one's own: between two characters it can end by a quote,
  /// which leads to `closed`. Characters are counted by the rule's counter.
  TextStates text_states(int32_t rule, int32_t closed);
  /// A member's colon and white space, from behind its key; the state behind them.
  int32_t colon(int32_t from);
  /// White space, and the state behind it. Where `guard` does not let through there is none.
  int32_t spaced(int32_t from, Guard guard = Guard::kFree);
  int32_t rule_of(int32_t state) const { return builder_.rule_of(state); }
  Builder& builder() { return builder_; }

 private:
  void add_digits(int32_t rule, bool fraction);

  Builder& builder_;
  int32_t white_space_ = -1, number_ = -1, integer_ = -1, value_ = -1, object_ = -1, array_ = -1;
  std::map<std::pair<int32_t, int32_t>, int32_t> strings_;
};

}  // namespace nety::grammar
