// The table, and the one exception to it.
#include "core/tokenizer/end_texts.h"

#include "core/tokenizer/tokenizer.h"

namespace nety::tokenizer {
namespace {

constexpr EndText kRows[] = {
#define NETY_END_TEXT(text, use) {text, EndTextUse::use},
#include "core/tokenizer/end_texts.def"
#undef NETY_END_TEXT
};

}  // namespace

const EndText* find_end_text(std::string_view text) {
  for (const EndText& row : kRows)
    if (row.text == text) return &row;
  return nullptr;
}

std::vector<int32_t> end_ids_by_text(const Tokenizer& tokenizer, bool gguf) {
  const auto there = [&](std::string_view text) { return tokenizer.find(text) >= 0; };
  const bool harmony = there("<|return|>") && (there("<|call|>") || there("<|calls|>"));
  std::vector<int32_t> ids;
  for (const EndText& row : kRows) {
    if (row.use == EndTextUse::kControl || (row.use == EndTextUse::kEndOfGguf && !gguf)) continue;
    if (harmony && row.text == "<|end|>") continue;
    if (const int32_t id = tokenizer.find(row.text); id >= 0) ids.push_back(id);
  }
  return ids;
}

}  // namespace nety::tokenizer
