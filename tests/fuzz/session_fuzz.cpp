// Kept conversations, with the checksum that their bytes ask for.
#include "app/talk/checksum.h"
#include "app/talk/session_file.h"
#include "core/base/error.h"
#include "tests/fuzz/fuzzed_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nety;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  talk::Checksum sum;
  sum.add(bytes);
  const uint64_t value = sum.value();
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  const FuzzedFile file(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  try {
    const talk::KeptSession kept = talk::read_session(file.path());
    if (kept.layers.size() != kept.session.layers * kept.session.layer_bytes) std::abort();
    if (kept.session.forgotten > kept.session.turns.size()) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
