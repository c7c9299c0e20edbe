// Each step as the `tokenizers` library does it (huggingface/tokenizers, decoders/), but fed one
// token at a time.
#include "core/tokenizer/decoder.h"

#include <charconv>

#include "core/tokenizer/byte_level.h"
#include "core/tokenizer/unicode.h"

namespace nety::tokenizer {
namespace {

/// The byte of "<0x0A>", or -1.
int byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
  return error == std::errc() && end == token.data() + 5 ? static_cast<int>(value) : -1;
}

}  // namespace

std::string Decoder::bytes_of(std::string_view token) const {
  std::string bytes(token);
  bool fused = false;
  for (const DecoderStep& step : steps_) switch (step.kind) {
      case DecoderStep::Kind::kReplace:
        bytes = replace_all(bytes, step.pattern, step.text);
        break;
      case DecoderStep::Kind::kByteFallback:
        // What follows is for characters, which one byte need not be.
        if (const int byte = byte_of(bytes); byte >= 0)
          return std::string(1, static_cast<char>(byte));
        break;
      case DecoderStep::Kind::kFuse:
        fused = true;
        break;
      case DecoderStep::Kind::kStrip:
        // After kFuse it strips the ends of the text, not of a token.
        for (size_t i = 0; !fused && i < step.start && bytes.starts_with(step.text); ++i)
          bytes.erase(0, step.text.size());
        for (size_t i = 0; !fused && i < step.stop && bytes.ends_with(step.text); ++i)
          bytes.resize(bytes.size() - step.text.size());
        break;
      case DecoderStep::Kind::kByteLevel: {
        std::string level;
        if (append_bytes_of(bytes, level)) bytes = std::move(level);
        break;
      }
      case DecoderStep::Kind::kMetaspace:
        bytes = replace_all(bytes, {step.text, nullptr}, " ");
        break;
      case DecoderStep::Kind::kJoin:
        bytes.insert(0, step.text);
        break;
    }
  return bytes;
}

DecoderStream::DecoderStream(const Decoder& decoder)
    : decoder_(&decoder), states_(decoder.steps().size()) {
  bool fused = false;
  for (const DecoderStep& step : decoder.steps()) {
    fused_.push_back(fused);
    fused = fused || step.kind == DecoderStep::Kind::kFuse;
  }
}

void DecoderStream::push(std::string_view token, std::string& text) {
  feed(0, token);
  const size_t given = append_repaired(pending_, true, text);
  pending_.erase(0, given);
}

void DecoderStream::finish(std::string& text) {
  for (size_t step = 0; step < states_.size(); ++step) flush(step);
  append_repaired(pending_, false, text);
  pending_.clear();
  states_.assign(states_.size(), State());
}

void DecoderStream::feed(size_t step, std::string_view token) {
  if (step == states_.size()) {
    pending_ += token;
    return;
  }
  const DecoderStep& rule = decoder_->steps()[step];
  State& state = states_[step];
  switch (rule.kind) {
    case DecoderStep::Kind::kReplace:
      return feed(step + 1, replace_all(token, rule.pattern, rule.text));
    case DecoderStep::Kind::kByteFallback:
      if (const int byte = byte_of(token); byte >= 0) {
        state.held += static_cast<char>(byte);
        return;
      }
      end_byte_run(step);
      return feed(step + 1, token);
    case DecoderStep::Kind::kFuse:
      return feed(step + 1, token);
    case DecoderStep::Kind::kStrip:
      return fused_[step] ? strip_text(step, token) : strip_token(step, token);
    case DecoderStep::Kind::kByteLevel: {
      std::string bytes;
      return feed(step + 1, append_bytes_of(token, bytes) ? bytes : token);
    }
    case DecoderStep::Kind::kMetaspace: {
      const bool dropped = !state.started && rule.start == 1;
      state.started = true;
      return feed(step + 1, replace_all(token, {rule.text, nullptr}, dropped ? "" : " "));
    }
    case DecoderStep::Kind::kJoin:
      if (state.started) feed(step + 1, rule.text);
      state.started = true;
      return feed(step + 1, token);
  }
}

void DecoderStream::flush(size_t step) {
  switch (decoder_->steps()[step].kind) {
    case DecoderStep::Kind::kByteFallback:
      return end_byte_run(step);
    default:
      return;  // a held tail is what is to be stripped
  }
}

void DecoderStream::end_byte_run(size_t step) {
  std::string& run = states_[step].held;
  if (run.empty()) return;
  if (is_valid_utf8(run))
    feed(step + 1, run);
  else
    for (size_t i = 0; i < run.size(); ++i) feed(step + 1, kReplacementCharacter);
  run.clear();
}

void DecoderStream::strip_token(size_t step, std::string_view token) {
  const DecoderStep& rule = decoder_->steps()[step];
  for (size_t i = 0; i < rule.start && token.starts_with(rule.text); ++i)
    token.remove_prefix(rule.text.size());
  for (size_t i = 0; i < rule.stop && token.ends_with(rule.text); ++i)
    token.remove_suffix(rule.text.size());
  feed(step + 1, token);
}

void DecoderStream::strip_text(size_t step, std::string_view text) {
  const DecoderStep& rule = decoder_->steps()[step];
  State& state = states_[step];
  while (!state.started && state.stripped < rule.start && text.starts_with(rule.text)) {
    text.remove_prefix(rule.text.size());
    ++state.stripped;
  }
  if (text.empty()) return;
  state.started = true;
  std::string whole = std::move(state.held);
  whole += text;
  size_t tail = 0;
  while (tail / rule.text.size() < rule.stop &&
         std::string_view(whole).substr(0, whole.size() - tail).ends_with(rule.text))
    tail += rule.text.size();
  state.held = whole.substr(whole.size() - tail);
  feed(step + 1, std::string_view(whole).substr(0, whole.size() - tail));
}

}  // namespace nety::tokenizer
