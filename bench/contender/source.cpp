#include "bench/contender/source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "bench/evaluation_text.h"
#include "bench/measure_mode.h"
#include "bench/model_facts.h"
#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/model/tokenizer_source.h"

namespace nety::bench {
namespace {

constexpr double kSameSize = 0.02;  // tied matrices may be counted once or twice elsewhere

}  // namespace

Source::Source(const std::string& model) {
  const auto checkpoint = checkpoint::Checkpoint::open(model);
  model_ = bench::describe(checkpoint);
  tokenizer_.emplace(model::load_tokenizer(checkpoint));
  text_ = tokenizer_->encode(evaluation_text());
}

std::string Source::text_of(size_t first, int64_t tokens) const {
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < tokens && !text_.empty(); ++i)
    ids.push_back(text_[(first + static_cast<size_t>(i)) % text_.size()]);
  return tokenizer_->decode(ids);
}

std::string Source::fresh_prompt(int64_t tokens) {
  const std::vector<int32_t> random = random_token_ids(++requests_, 1, int64_t{1} << 30);
  std::string prompt = fmt::format("{} ", random.front());
  const int64_t marked = tokens_in(prompt);
  if (tokens > marked)
    prompt += text_of(static_cast<size_t>(random.front()) % text_.size(), tokens - marked);
  return prompt;
}

std::string Source::piece(int64_t index, int64_t count, int64_t tokens) const {
  return text_of(text_.size() * static_cast<size_t>(index) / static_cast<size_t>(count), tokens);
}

int64_t Source::tokens_in(const std::string& text) const {
  return static_cast<int64_t>(tokenizer_->encode(text).size());
}

void Source::check_parameters(double theirs, const std::string& named) const {
  const auto ours = static_cast<double>(model_.parameters);
  if (!(theirs > 0) || ours <= 0 || std::fabs(theirs - ours) <= kSameSize * ours) return;
  throw Error(ErrorKind::kCheckpoint,
              fmt::format("it runs another model: {} with {:.0f} million parameters, where {} has "
                          "{:.0f}",
                          named, theirs / 1e6, model_.name, ours / 1e6),
              fmt::format("Give both the same model: nety has {}.", model_.path));
}

}  // namespace nety::bench
