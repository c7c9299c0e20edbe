// Any bytes through a byte-level tokenizer and a SentencePiece one: text comes back whole.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/base/error.h"
#include "core/tokenizer/tokenizer.h"
#include "tests/paths.h"

namespace {

nety::tokenizer::Tokenizer read(const std::string& name) {
  std::ifstream file(nety::test_data() + "/tokenizer/" + name + ".tokenizer.json");
  std::ostringstream text;
  text << file.rdbuf();
  return nety::tokenizer::Tokenizer::from_json(text.str(), name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nety::tokenizer;
  static const Tokenizer kTokenizers[] = {read("smollm"), read("llama3"), read("llama2"),
                                          read("metaspace-first")};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Tokenizer& tokenizer : kTokenizers) {
    const auto ids = tokenizer.encode(text);
    const std::string whole = tokenizer.decode(ids, false);
    StreamDecoder stream(tokenizer, false);
    std::string pieces;
    for (const int32_t id : ids) stream.push(id, pieces);
    stream.finish(pieces);
    if (pieces != whole) std::abort();
  }
  return 0;
}
