#include "app/talk/history_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "app/talk/user_folders.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/printable.h"

namespace nety::talk {
namespace fs = std::filesystem;
namespace {

constexpr size_t kLargest = size_t{4} << 20;

std::string escaped(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\\') line += "\\\\";
    if (c == '\n') line += "\\n";
    if (c != '\\' && c != '\n') line += c;
  }
  return line;
}

std::string unescaped(std::string_view line) {
  std::string text;
  for (size_t i = 0; i < line.size(); ++i) {
    const bool escape = line[i] == '\\' && i + 1 < line.size();
    if (escape) ++i;
    text += escape && line[i] == 'n' ? '\n' : line[i];
  }
  return text;
}

}  // namespace

std::optional<HistoryFile> HistoryFile::of_user() {
  const char* named = std::getenv("NETY_HISTORY");
  if (named != nullptr && std::string_view(named) == "off") return std::nullopt;
  if (named != nullptr && *named != '\0') return HistoryFile(named);
  return HistoryFile(state_folder() / "chat_history");
}

std::vector<std::string> HistoryFile::read(size_t most) const {
  std::vector<std::string> questions;
  std::string text;
  try {
    text = read_file(path_, 2 * kLargest);
  } catch (const Error&) {
    return questions;
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    // The editor shows them: no control characters but line ends.
    if (end > 0) questions.push_back(printable(unescaped(rest.substr(0, end))));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (questions.size() > most)
    questions.erase(questions.begin(), questions.end() - static_cast<ptrdiff_t>(most));
  return questions;
}

bool HistoryFile::add(std::string_view question) const {
  const OwnerOnly mine;
  std::error_code failure;
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), failure);
  if (failure) return false;
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const std::string line = escaped(question) + "\n";
  const bool written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  ::close(file);
  const uintmax_t size = fs::file_size(path_, failure);
  if (failure || size <= kLargest) return written;
  try {
    const std::string text = read_file(path_, 2 * kLargest);
    const size_t begin = text.find('\n', text.size() / 2);
    if (begin == std::string::npos) return written;
    write_file(path_, std::string_view(text).substr(begin + 1));
  } catch (const Error&) {
    return false;
  }
  return written;
}

}  // namespace nety::talk
