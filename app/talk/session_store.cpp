#include "app/talk/session_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "app/talk/user_folders.h"
#include "core/base/error.h"
#include "core/base/printable.h"
#include "core/base/words.h"

namespace nety::talk {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSuffix = ".netychat";
constexpr size_t kLongestName = 100;

}  // namespace

SessionStore SessionStore::of_user() {
  const char* named = std::getenv("NETY_SESSIONS");
  if (named != nullptr && *named != '\0') return SessionStore(named);
  return SessionStore(data_folder() / "sessions");
}

fs::path SessionStore::path_of(const std::string& name) const {
  const bool good = !name.empty() && name.size() <= kLongestName && name[0] != '.' &&
                    name.find('/') == std::string::npos && one_line(name) == name;
  if (!good)
    throw Error(ErrorKind::kUsage, fmt::format("'{}' cannot be a session's name", one_line(name)),
                "A name has no slash, does not begin with a dot, and has at most 100 bytes.");
  return folder_ / (name + std::string(kSuffix));
}

fs::path SessionStore::path_to_write(const std::string& name) const {
  fs::path path = path_of(name);
  const OwnerOnly mine;
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure)
    throw Error(ErrorKind::kIo,
                fmt::format("{}: cannot be made: {}", folder_.string(), failure.message()),
                "NETY_SESSIONS names another folder.");
  return path;
}

fs::path SessionStore::path_to_read(const std::string& name) const {
  fs::path path = path_of(name);
  std::error_code ignored;
  if (fs::exists(path, ignored)) return path;
  const std::string known = joined(names());
  throw Error(ErrorKind::kUsage,
              fmt::format("there is no session '{}' in {}", name, folder_.string()),
              known.empty() ? "/save NAME keeps one." : fmt::format("Sessions: {}.", known));
}

std::vector<std::string> SessionStore::names() const {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator it(folder_, failure), end; !failure && it != end;
       it.increment(failure))
    if (it->path().extension() == kSuffix) names.push_back(it->path().stem().string());
  std::ranges::sort(names);
  return names;
}

std::string SessionStore::newest() const {
  std::string newest;
  fs::file_time_type when{};
  for (const std::string& name : names()) {
    std::error_code failure;
    const fs::file_time_type time = fs::last_write_time(path_of(name), failure);
    if (failure || (!newest.empty() && time <= when)) continue;
    newest = name;
    when = time;
  }
  if (newest.empty())
    throw Error(ErrorKind::kUsage, fmt::format("there is no session in {}", folder_.string()),
                "/save NAME keeps one, in a conversation.");
  return newest;
}

}  // namespace nety::talk
