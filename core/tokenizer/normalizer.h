// What is done to a text before it is split: the normalizers of tokenizer.json.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/tokenizer/regex.h"
#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {

/// A text or a pattern that is looked for.
struct Pattern {
  std::string literal;                 ///< Used where `regex` is null.
  std::shared_ptr<const Regex> regex;  ///< Shared: components are values.
};

/// One step. A value; apply() takes and leaves valid UTF-8.
struct NormalizerStep {
  enum class Kind : uint8_t { kForm, kLowercase, kStripAccents, kPrepend, kReplace, kStrip };
  Kind kind;
  NormalForm form = NormalForm::kNfc;  ///< kForm.
  Pattern pattern = {};                ///< kReplace.
  std::string text = {};               ///< kPrepend, kReplace: what is put there.
  bool left = false, right = false;    ///< kStrip.

  void apply(std::string& subject) const;
};

/// The steps in their order; none is a normaliser that changes nothing.
class Normalizer {
 public:
  void add(NormalizerStep step) { steps_.push_back(std::move(step)); }
  bool empty() const { return steps_.empty(); }
  void apply(std::string& subject) const;

 private:
  std::vector<NormalizerStep> steps_;
};

/// `subject` with every occurrence of `pattern` replaced by `with`.
std::string replace_all(std::string_view subject, const Pattern& pattern, std::string_view with);

}  // namespace nety::tokenizer
