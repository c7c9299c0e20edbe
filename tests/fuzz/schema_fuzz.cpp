// JSON schemas by anybody: compiled or refused; then tokens that masks allow must be accepted, and
// what ends must be JSON.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/grammar/matcher.h"

namespace {

using nety::grammar::Grammar;
using nety::grammar::Matcher;
using nety::grammar::Vocabulary;

constexpr int32_t kEnd = 300;

Vocabulary vocabulary() {
  std::vector<std::string> tokens;
  for (int value = 0; value < 256; ++value) tokens.emplace_back(1, static_cast<char>(value));
  for (const char* token : {"\",\"", "\":", "{\"", "\"}", "[[", "]]", "a\"", "\\u00", "12", "true"})
    tokens.emplace_back(token);
  tokens.resize(kEnd + 1);
  return Vocabulary(tokens, {&kEnd, 1});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Vocabulary kVocabulary = vocabulary();
  if (size > 2000) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Grammar grammar = Grammar::of_schema_text(text);
    Matcher matcher(grammar, kVocabulary);
    std::vector<uint64_t> mask(nety::grammar::mask_words(kEnd + 1));
    std::string written;
    for (size_t i = 0; i < 60; ++i) {
      matcher.mask(mask);
      std::vector<int32_t> allowed;
      for (int32_t token = 0; token <= kEnd; ++token)
        if ((mask[static_cast<size_t>(token) / 64] >> (token % 64)) & 1) allowed.push_back(token);
      if (allowed.empty()) std::abort();  // stuck
      const int32_t token = allowed[(i * 7 + size) % allowed.size()];
      if (!matcher.accept(token)) std::abort();
      if (matcher.ended()) {
        if (!nlohmann::json::accept(written)) std::abort();
        break;
      }
      written += kVocabulary.bytes_of(token);
    }
  } catch (const nety::Error&) {
  }
  return 0;
}
