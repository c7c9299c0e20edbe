// The keys split.*: llama.cpp's tools/gguf-split. Parts after the first have no others.
#include "core/checkpoint/gguf_split.h"

#include <fmt/core.h>

#include <string>
#include <string_view>

#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

constexpr int64_t kMostParts = 1 << 16;

/// "m-00001-of-00003.gguf" for any part of that model; "FIRST_PART" where the name is another.
std::string first_part(const std::filesystem::path& file) {
  constexpr std::string_view kForm = "-00001-of-00001.gguf";
  std::string name = file.filename().string();
  if (name.size() <= kForm.size()) return "FIRST_PART";
  const size_t at = name.size() - kForm.size();
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = name[at + i] >= '0' && name[at + i] <= '9';
    const bool fits = kForm[i] == '0' || kForm[i] == '1' ? digit : name[at + i] == kForm[i];
    if (!fits) return "FIRST_PART";
  }
  return name.replace(at + 1, 5, "00001");
}

}  // namespace

void refuse_split(const GgufKeys& keys, bool vocabulary_only) {
  const int64_t count = keys.integer("split.count", 0, kMostParts).value_or(1);
  const int64_t number = keys.integer("split.no", 0, kMostParts).value_or(0);
  if (count <= 1 || (vocabulary_only && number == 0)) return;
  refuse(keys.file(),
         fmt::format("is part {} of {} of a split GGUF, which is not supported", number + 1, count),
         fmt::format("Join the parts: llama-gguf-split --merge {} OUTPUT.gguf",
                     first_part(keys.file())));
}

}  // namespace nety::checkpoint
