// Formats that a server keeps answers to: JSON, and JSON of a schema.
#pragma once

#include <memory>
#include <mutex>

#include "app/serve/ask.h"
#include "core/grammar/vocabulary.h"
#include "core/serving/runner.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::app {

/// Used by several threads. The vocabulary of the model is made when it is first wanted.
class AnswerFormats {
 public:
  /// `rows`: ids that the model has. The tokenizer outlives it, and it outlives its constraints.
  AnswerFormats(const tokenizer::Tokenizer& tokenizer, std::vector<int32_t> end_ids, int32_t rows)
      : tokenizer_(tokenizer), end_ids_(std::move(end_ids)), rows_(rows) {}

  /// For a format that is not text. Error: kUsage for a schema that cannot be honoured, naming the
  /// keyword.
  serving::MakeConstraint constraint_of(const serve::AskedFormat& format);

 private:
  const grammar::Vocabulary& vocabulary();

  const tokenizer::Tokenizer& tokenizer_;
  std::vector<int32_t> end_ids_;
  int32_t rows_;
  std::once_flag made_;
  std::unique_ptr<const grammar::Vocabulary> vocabulary_;
};

}  // namespace nety::app
