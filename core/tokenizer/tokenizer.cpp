// The pipeline: added tokens, normaliser, pre-tokeniser, model; and back through the decoder.
#include "core/tokenizer/tokenizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/tokenizer/pipeline.h"
#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {

void Pipeline::add(AddedToken token) {
  const auto index = static_cast<size_t>(token.id);
  if (token.special) {
    if (special.size() <= index) special.resize(index + 1);
    special[index] = true;
  }
  token.special = index < special.size() && special[index];
  std::string normalized = token.content;
  normalizer.apply(normalized);
  added.remove(token.content);
  added_normalized.remove(normalized);
  if (token.normalized) token.content = std::move(normalized);
  if (token.content.empty()) return;
  (token.normalized ? added_normalized : added).add(std::move(token));
}

void Pipeline::name(AddedToken token) {
  std::string normalized = token.content;
  normalizer.apply(normalized);
  if (added.find(token.content) != nullptr || added_normalized.find(normalized) != nullptr) return;
  add(std::move(token));
}

Tokenizer::Tokenizer(std::unique_ptr<Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

namespace {

/// The rule for a normalised fragment of `text`. Normalising moves what stands where, so a fragment
/// with literal parts that have special tokens is literal as a whole.
SpecialRule within(const SpecialRule& rule, std::string_view text, std::string_view fragment,
                   const Pipeline& pipeline) {
  static constexpr TextRange kWhole{0, SIZE_MAX};
  if (rule.literal.empty()) return rule;
  const auto start = static_cast<size_t>(fragment.data() - text.data());
  for (const TextRange& range : rule.literal) {
    const size_t begin = std::max(range.begin, start);
    const size_t end = std::min(range.end, start + fragment.size());
    if (begin >= end) continue;
    std::string part(text.substr(begin, end - begin));
    pipeline.normalizer.apply(part);
    std::vector<Fragment> found;
    pipeline.added_normalized.split(part, {}, found);
    const auto is_token = [](const Fragment& piece) { return piece.id >= 0; };
    if (std::ranges::any_of(found, is_token)) return {.literal = std::span(&kWhole, 1)};
  }
  return {.all = rule.all};
}

}  // namespace

std::vector<int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  const Pipeline& pipeline = *pipeline_;
  std::string repaired;
  SpecialRule rule{.all = !options.parse_special, .literal = options.literal};
  const TextRange whole{0, SIZE_MAX};
  if (!is_valid_utf8(text)) {
    append_repaired(text, false, repaired);
    text = repaired;
    // The places of a text that is not the one we have mean nothing: all of it is literal.
    if (!rule.literal.empty()) rule.literal = std::span(&whole, 1);
  }
  std::vector<int32_t> ids;
  if (options.add_special) ids = pipeline.prefix_ids;
  BpeScratch scratch;
  std::vector<Fragment> outer, inner;
  pipeline.added.split(text, rule, outer);
  for (const Fragment& raw : outer) {
    if (raw.id >= 0) {
      ids.push_back(raw.id);
      continue;
    }
    std::string normalized;
    std::string_view subject = raw.text;
    if (!pipeline.normalizer.empty()) {
      normalized = raw.text;
      pipeline.normalizer.apply(normalized);
      subject = normalized;
    }
    inner.clear();
    pipeline.added_normalized.split(subject, within(rule, text, raw.text, pipeline), inner);
    for (const Fragment& fragment : inner) {
      if (fragment.id >= 0) {
        ids.push_back(fragment.id);
        continue;
      }
      const bool begins_input =
          raw.text.data() == text.data() && fragment.text.data() == subject.data();
      Pieces pieces(fragment.text, begins_input);
      pipeline.pre_tokenizer.apply(pieces);
      for (const std::string_view piece : pieces.list())
        pipeline.model->encode(piece, scratch, ids);
    }
  }
  if (options.add_special)
    ids.insert(ids.end(), pipeline.suffix_ids.begin(), pipeline.suffix_ids.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string text;
  StreamDecoder stream(*this, skip_special);
  for (const int32_t id : ids) stream.push(id, text);
  stream.finish(text);
  return text;
}

int32_t Tokenizer::size() const { return pipeline_->vocabulary.size(); }

int32_t Tokenizer::find(std::string_view token) const { return pipeline_->vocabulary.find(token); }

bool Tokenizer::is_special(int32_t id) const {
  return id >= 0 && static_cast<size_t>(id) < pipeline_->special.size() &&
         pipeline_->special[static_cast<size_t>(id)];
}

std::string_view Tokenizer::token_text(int32_t id) const {
  if (!pipeline_->vocabulary.contains(id))
    throw Error(ErrorKind::kUsage,
                fmt::format("{} is not a token id: the vocabulary has {} tokens", id, size()));
  return pipeline_->vocabulary.text(id);
}

std::string Tokenizer::token_bytes(int32_t id) const {
  const std::string_view text = token_text(id);
  const Pipeline& pipeline = *pipeline_;
  if (text.empty() || is_special(id) || pipeline.model->unknown_id() == id) return {};
  std::string normalized(text);
  pipeline.normalizer.apply(normalized);
  for (const AddedToken* added : {pipeline.added.find(text), pipeline.added_normalized.find(text),
                                  pipeline.added_normalized.find(normalized)})
    if (added != nullptr && added->id == id) return {};
  return pipeline.decoder.bytes_of(text);
}

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special)
    : tokenizer_(&tokenizer),
      skip_special_(skip_special),
      stream_(std::make_unique<DecoderStream>(tokenizer.pipeline_->decoder)) {}
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;
StreamDecoder::~StreamDecoder() = default;

void StreamDecoder::push(int32_t id, std::string& text) {
  // A model may have more rows than its tokenizer has tokens, and say them: they have no text.
  if (id >= tokenizer_->size()) return;
  const std::string_view token = tokenizer_->token_text(id);
  if (token.empty() || (skip_special_ && tokenizer_->is_special(id))) return;
  stream_->push(token, text);
}

void StreamDecoder::finish(std::string& text) { stream_->finish(text); }

std::string StreamDecoder::push(int32_t id) {
  std::string text;
  push(id, text);
  return text;
}

std::string StreamDecoder::finish() {
  std::string text;
  finish(text);
  return text;
}

}  // namespace nety::tokenizer
