// One place that throws, so that every refusal reads alike.
#include "core/tokenizer/refuse.h"

#include <fmt/core.h>

#include "core/base/error.h"

namespace nety::tokenizer {

void refuse(const std::string& source, std::string_view what, std::string hint) {
  throw Error(ErrorKind::kCheckpoint, fmt::format("{}: {}", source, what), std::move(hint));
}

}  // namespace nety::tokenizer
