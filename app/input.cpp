// Standard streams, checked.
#include "app/input.h"

#include <fmt/core.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "app/console.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/printable.h"

namespace nety::app {

std::string read_standard_input() {
  std::string text;
  char buffer[1 << 16];
  size_t got;
  while ((got = std::fread(buffer, 1, sizeof buffer, stdin)) > 0) text.append(buffer, got);
  if (std::ferror(stdin) != 0)
    throw Error(ErrorKind::kIo, fmt::format("cannot read standard input: {}", std::strerror(errno)),
                "");
  return text;
}

std::string read_text(const std::string& file) {
  return file.empty() ? read_standard_input() : read_file(file);
}

void write_output(std::string_view text) {
  const size_t put = std::fwrite(text.data(), 1, text.size(), stdout);
  if (put != text.size() || std::fflush(stdout) != 0)
    throw Error(ErrorKind::kIo,
                fmt::format("cannot write standard output: {}", std::strerror(errno)),
                "The reader of the pipe may have ended, or the disk may be full.");
}

void write_page(std::string_view text) { write_output(printable(text)); }

void write_answer(std::string_view text) {
  if (stdout_is_terminal())
    write_page(text);
  else
    write_output(text);
}

std::vector<int32_t> parse_tokens(const std::string& list, const std::string& option) {
  std::vector<int32_t> tokens;
  std::string_view rest = list;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    std::string_view word = rest.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    int32_t token = 0;
    const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), token);
    if (code != std::errc() || end != word.data() + word.size() || token < 0)
      throw Error(ErrorKind::kUsage, fmt::format("{}: '{}' is no token id", option, word),
                  "Give whole numbers separated by commas, as nety tokenize prints them: 1,17,42.");
    tokens.push_back(token);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (tokens.empty())
    throw Error(ErrorKind::kUsage, fmt::format("{}: no token ids", option),
                "Give whole numbers separated by commas: 1,17,42.");
  return tokens;
}

}  // namespace nety::app
