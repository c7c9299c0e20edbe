// Patterns of tokenizer.json: translated and compiled, or refused.
#include "core/base/error.h"
#include "core/tokenizer/regex.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using nety::tokenizer::Regex;
  if (size > 400) return 0;
  try {
    const Regex regex({reinterpret_cast<const char*>(data), size}, "fuzz");
    Regex::Search search(regex);
    std::vector<nety::tokenizer::Span> matches;
    search.find_all("It's 12 o'clock,\n  na\u00efve  \u65e5\u672c", matches);
  } catch (const nety::Error&) {
  }
  return 0;
}
