// Our model, as a contender's rows and prompts need it: its name, its size, its tokenizer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/protocol.h"
#include "core/results/results.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::bench {

class Source {
 public:
  /// Errors: those of opening the model and its tokenizer.
  explicit Source(const std::string& model);

  const results::Model& model() const { return model_; }

  /// A text of about `tokens` tokens that no earlier request began with, so that an engine's cache
  /// of prompts has nothing of it.
  std::string fresh_prompt(int64_t tokens);
  /// One of `count` pieces of the evaluation text, always the same.
  std::string piece(int64_t index, int64_t count, int64_t tokens) const;
  int64_t tokens_in(const std::string& text) const;
  /// Throws kCheckpoint where the other engine's model has another number of parameters.
  void check_parameters(double theirs, const std::string& named) const;

 private:
  std::string text_of(size_t first, int64_t tokens) const;

  results::Model model_;
  std::optional<tokenizer::Tokenizer> tokenizer_;
  std::vector<int32_t> text_;
  uint64_t requests_ = 0;
};

}  // namespace nety::bench
