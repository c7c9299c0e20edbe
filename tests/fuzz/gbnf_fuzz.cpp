// Grammars by anybody: compiled or refused, and followed for some bytes.
#include <cstdlib>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/grammar/matcher.h"

namespace {

nety::grammar::Vocabulary vocabulary() {
  std::vector<std::string> tokens;
  for (int value = 0; value < 256; ++value) tokens.emplace_back(1, static_cast<char>(value));
  return nety::grammar::Vocabulary(tokens, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const nety::grammar::Vocabulary kVocabulary = vocabulary();
  if (size > 1000) return 0;
  try {
    const auto grammar =
        nety::grammar::Grammar::of_gbnf({reinterpret_cast<const char*>(data), size});
    nety::grammar::Matcher matcher(grammar, kVocabulary);
    uint64_t mask[4];
    for (size_t i = 0; i < 40; ++i) {
      matcher.mask(mask);
      std::vector<int32_t> allowed;
      for (int32_t token = 0; token < 256; ++token)
        if ((mask[token / 64] >> (token % 64)) & 1) allowed.push_back(token);
      if (allowed.empty()) {
        if (!matcher.can_end()) std::abort();  // stuck
        break;
      }
      if (!matcher.accept(allowed[(i * 5 + size) % allowed.size()])) std::abort();
    }
  } catch (const nety::Error&) {
  }
  return 0;
}
