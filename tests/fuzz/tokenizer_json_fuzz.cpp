// tokenizer.json, and then text through it: ids are of the vocabulary, their text is valid.
#include <cstdlib>

#include "core/base/error.h"
#include "core/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using nety::tokenizer::Tokenizer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Tokenizer tokenizer = Tokenizer::from_json(text, "fuzz");
    const auto ids = tokenizer.encode(text.substr(0, 300));
    for (const int32_t id : ids)
      if (id < 0 || id >= tokenizer.size()) std::abort();
    tokenizer.decode(ids, false);
  } catch (const nety::Error&) {
  }
  return 0;
}
