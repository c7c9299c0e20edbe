// The table of families, expanded from families.def.
#include "core/checkpoint/family.h"

#include <string>

#include "core/base/error.h"

namespace nety::checkpoint {

#define NETY_FAMILY(symbol) extern const Family k_##symbol;
#include "core/checkpoint/families.def"
#undef NETY_FAMILY

namespace {

constexpr const Family* kFamilies[] = {
#define NETY_FAMILY(symbol) &k_##symbol,
#include "core/checkpoint/families.def"
#undef NETY_FAMILY
};

}  // namespace

std::span<const Family* const> families() { return kFamilies; }

const Family& family_of(const ModelConfig& config) {
  for (const Family* family : kFamilies)
    if (family->name == config.architecture) return *family;
  throw Error(ErrorKind::kInternal, "no family is called '" + config.architecture + "'");
}

const Family* find_gguf_family(std::string_view architecture) {
  for (const Family* family : kFamilies)
    if (!family->gguf_architecture.empty() && family->gguf_architecture == architecture)
      return family;
  return nullptr;
}

}  // namespace nety::checkpoint
