#include "core/machine/cgroup.h"

#include <algorithm>

#include "core/machine/text.h"

namespace nety::machine {
namespace {

constexpr size_t kDeepest = 256;

struct Mount {
  int version;
  std::string root;   // the part of the hierarchy that is mounted
  std::string point;  // where
};

/// Mount points with spaces are written with octal escapes: "\040".
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](size_t at) { return text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && i + 3 < text.size() && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out +=
          static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = split(list, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Where the cgroup 2 hierarchy and the version 1 hierarchy of `controller` are mounted.
std::vector<Mount> mounts_of(const Machine& machine, std::string_view controller) {
  const auto table = machine.read("/proc/self/mountinfo");
  if (!table)
    return {{2, "/", "/sys/fs/cgroup"}, {1, "/", "/sys/fs/cgroup/" + std::string(controller)}};
  std::vector<Mount> found;
  for (const std::string_view line : split(*table.value, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto place = split(line.substr(0, dash), ' ');    // id parent device root point ...
    const auto system = split(line.substr(dash + 3), ' ');  // type source options
    if (place.size() < 5 || system.size() < 3) continue;
    const bool v1 = system[0] == "cgroup" && has_word(system[2], controller);
    if (v1 || system[0] == "cgroup2")
      found.push_back({v1 ? 1 : 2, unescaped(place[3]), unescaped(place[4])});
  }
  return found;
}

/// This process's path in a hierarchy, from "5:cpu,cpuacct:/a/b" or "0::/a/b"; "/" if not said.
std::string own_path(const Answer<std::string>& table, int version, std::string_view controller) {
  if (!table) return "/";
  for (const std::string_view line : split(*table.value, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (version == 1 ? has_word(controllers, controller) : line.starts_with("0::"))
      return std::string(line.substr(second + 1));
  }
  return "/";
}

/// The part of `path` below the mounted `root`. Without a common part (the process was moved out of
/// its namespace, or the mount shows another container's view) only the mount point can be seen.
std::string below(const std::string& path, const std::string& root) {
  if (path.find("/..") != std::string::npos) return "";
  if (root == "/") return path;
  if (path == root) return "";
  if (path.starts_with(root + "/")) return path.substr(root.size());
  return "";
}

}  // namespace

std::vector<CgroupFolder> cgroup_folders(const Machine& machine, std::string_view controller) {
  const auto table = machine.read("/proc/self/cgroup");
  std::vector<CgroupFolder> folders;
  for (const Mount& mount : mounts_of(machine, controller)) {
    std::string rest = below(own_path(table, mount.version, controller), mount.root);
    while (!rest.empty() && rest.back() == '/') rest.pop_back();
    for (size_t depth = 0; depth < kDeepest; ++depth) {
      folders.push_back({mount.version, mount.point + rest, rest.empty() ? "/" : rest});
      if (rest.empty()) break;
      rest.erase(rest.rfind('/'));
    }
  }
  return folders;
}

}  // namespace nety::machine
