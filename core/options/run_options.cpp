#include "core/options/run_options.h"

#include <charconv>

namespace nety::options {

#define NETY_WORDS(type, enumerators, words)                          \
  std::span<const std::string_view> words_of(type) {                  \
    static constexpr std::string_view kWords[] = {NETY_LISTED words}; \
    return kWords;                                                    \
  }
#include "core/options/word_sets.def"
#undef NETY_WORDS

std::string text_of(const std::string& value) { return value; }
std::string text_of(int64_t value) { return std::to_string(value); }
std::string text_of(bool value) { return value ? "true" : "false"; }

bool read_text(std::string_view text, std::string& value) {
  value = text;
  return true;
}

bool read_text(std::string_view text, int64_t& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  return code == std::errc() && stop == end;
}

bool read_text(std::string_view text, bool& value) {
  value = text == "true";
  return value || text == "false";
}

std::map<std::string, std::string> conditions(const RunOptions& options) {
  std::map<std::string, std::string> usual, out;
  const auto texts_into = [](std::map<std::string, std::string>& texts) {
    return [&texts](const OptionRow& row, const auto& value) {
      if (row.has(kCondition)) texts[std::string(row.name)] = text_of(value);
    };
  };
  const RunOptions defaults;
  visit(defaults, texts_into(usual));
  visit(options, texts_into(out));
  std::erase_if(out, [&usual](const auto& entry) { return usual.at(entry.first) == entry.second; });
  return out;
}

}  // namespace nety::options
