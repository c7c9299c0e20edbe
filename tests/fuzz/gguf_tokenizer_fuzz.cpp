// The vocabulary of a GGUF: a tokenizer that gives ids of its own and takes them back, and
// tokenizer.json made of it.
#include <cstdlib>

#include "core/base/error.h"
#include "core/checkpoint/gguf_tokenizer.h"
#include "core/model/tokenizer_source.h"
#include "tests/fuzz/fuzzed_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const nety::FuzzedFile file(data, size);
  try {
    const auto checkpoint = nety::checkpoint::Checkpoint::open_vocabulary(file.path());
    nety::checkpoint::make_tokenizer(checkpoint);
    const auto tokenizer = nety::model::load_tokenizer(checkpoint);
    const auto ids = tokenizer.encode("ab <s> a\n\xc3\xa9 \xe6\x97\xa5 12");
    for (const int32_t id : ids)
      if (id < 0 || id >= tokenizer.size()) std::abort();
    tokenizer.decode(ids, false);
  } catch (const nety::Error&) {
  }
  return 0;
}
