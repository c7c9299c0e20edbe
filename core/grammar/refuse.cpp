#include "core/grammar/refuse.h"

#include "core/base/error.h"
#include "core/tokenizer/unicode.h"

namespace nety::grammar {

void refuse(const std::string& what, std::string hint) {
  throw Error(ErrorKind::kUsage, what, std::move(hint));
}

void refuse_large(const std::string& what) {
  refuse(what, "Use a smaller one, or leave a part of it unconstrained.");
}

std::string shown(std::string_view text) { return tokenizer::quote(text); }

}  // namespace nety::grammar
