// Steps of a session. Buffers are made once; a step allocates nothing but the growth of the token
// list.
#include "core/model/session.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "core/base/error.h"

namespace nety::model {

Session::Session(const Model& model, Backend& backend, const SessionOptions& options)
    : model_(model), backend_(backend), options_(options) {
  const checkpoint::ModelConfig& config = model.config;
  options_.context = std::max<int64_t>(1, options_.context);
  options_.prefill_step = std::clamp<int64_t>(options_.prefill_step, 1, options_.context);
  options_.logit_rows = std::clamp<int64_t>(options_.logit_rows, 1, options_.context);
  const int64_t most = std::max(options_.prefill_step, options_.logit_rows);
  backend.reserve(config, options_.context, most, options_.logit_rows);
  cache_ = backend.make_cache({.layers = config.layers,
                               .kv_heads = config.kv_heads,
                               .head_dim = config.head_dim,
                               .context = options_.context,
                               .sequences = 1,
                               .type = options_.kv});
  tokens_.reserve(static_cast<size_t>(options_.context));
  positions_.resize(static_cast<size_t>(most));
  sequences_.assign(static_cast<size_t>(most), 0);
  all_rows_.resize(static_cast<size_t>(most));
  std::iota(all_rows_.begin(), all_rows_.end(), 0);
  logits_ = ZeroedArray<float>(static_cast<size_t>(options_.logit_rows * config.vocab));
}

void Session::step(std::span<const int32_t> tokens, std::span<const int32_t> rows) {
  const size_t count = tokens.size();
  std::iota(positions_.begin(), positions_.begin() + static_cast<ptrdiff_t>(count),
            static_cast<int32_t>(tokens_.size()));
  const Batch batch{tokens, std::span(positions_).first(count), std::span(sequences_).first(count),
                    rows};
  const size_t width = static_cast<size_t>(model_.config.vocab);
  forward(model_, backend_, *cache_, batch, std::span(logits_).first(rows.size() * width));
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

std::span<const float> Session::feed(std::span<const int32_t> tokens) {
  if (tokens.empty())
    throw Error(ErrorKind::kUsage, "there is nothing to read: the prompt is empty", "");
  if (length() + static_cast<int64_t>(tokens.size()) > options_.context)
    throw Error(
        ErrorKind::kUsage,
        fmt::format("{} tokens do not fit the context of {}, {} of which are in use", tokens.size(),
                    options_.context, length()),
        fmt::format("Shorten the prompt, or ask for a larger context with --ctx (this model: "
                    "up to {}).",
                    model_.config.context));
  for (const int32_t token : tokens)
    if (token < 0 || token >= model_.config.vocab)
      throw Error(
          ErrorKind::kUsage,
          fmt::format("token {} is outside the vocabulary of {}", token, model_.config.vocab),
          "Token ids come from nety tokenize with the same model.");
  while (!tokens.empty()) {
    const size_t count = std::min(tokens.size(), static_cast<size_t>(options_.prefill_step));
    const int32_t last = static_cast<int32_t>(count) - 1;
    const bool wanted = count == tokens.size();
    step(tokens.first(count), wanted ? std::span(&last, 1) : std::span<const int32_t>());
    tokens = tokens.subspan(count);
  }
  return std::span(logits_).first(static_cast<size_t>(model_.config.vocab));
}

std::span<const float> Session::feed_all(std::span<const int32_t> tokens) {
  if (static_cast<int64_t>(tokens.size()) > options_.logit_rows ||
      length() + static_cast<int64_t>(tokens.size()) > options_.context)
    throw Error(ErrorKind::kInternal, "more logits asked for than the session was made for", "");
  step(tokens, std::span(all_rows_).first(tokens.size()));
  return std::span(logits_).first(tokens.size() * static_cast<size_t>(model_.config.vocab));
}

void Session::rewind(int64_t length) {
  const int64_t kept = std::min(length, this->length());
  tokens_.resize(static_cast<size_t>(kept));
  cache_->truncate(0, static_cast<int32_t>(kept));
}

}  // namespace nety::model
