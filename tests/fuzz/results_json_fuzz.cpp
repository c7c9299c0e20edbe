// Result files: what is read is written and read again, the same, and every renderer copes with it.
#include <cstdlib>

#include "core/base/error.h"
#include "core/results/json.h"
#include "reports/render.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace nety;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const results::File file = results::from_json(text, "fuzz");
    const std::string once = results::to_json(file);
    if (results::to_json(results::from_json(once, "fuzz")) != once) std::abort();
    for (const reports::Renderer& renderer : reports::renderers())
      renderer.render(file, {.language = Language::kFrench, .admissible = {}});
  } catch (const Error&) {
  }
  return 0;
}
