// How fast the model's file system reads: what a first load costs.

#include <algorithm>
#include <array>

#include "core/base/units.h"
#include "core/base/words.h"
#include "core/machine/text.h"
#include "diag/probe.h"

namespace nety::diag::probes {
namespace {

constexpr double kSlow = 200e6;  // bytes per second: a hard disk, a slow network
constexpr double kLimit = 1;     // seconds
// Systems whose files are on another machine, or behind one.
constexpr std::array<std::string_view, 8> kRemote = {"nfs", "nfs4", "cifs",       "smb3",
                                                     "9p",  "ceph", "fuse.sshfs", "drvfs"};

/// "ext4" of the file system that holds `path`: the longest mount point above it.
std::string type_of(const machine::Machine& machine, const std::string& path) {
  const std::string table = machine.read("/proc/self/mountinfo").value.value_or("");
  std::string type;
  size_t longest = 0;
  for (const std::string_view line : machine::split(table, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto place = machine::split(line.substr(0, dash), ' ');
    const auto system = machine::split(line.substr(dash + 3), ' ');
    if (place.size() < 5 || system.empty()) continue;
    const std::string_view point = place[4];
    const bool above =
        point == "/" || path == point ||
        (path.starts_with(point) && path.size() > point.size() && path[point.size()] == '/');
    if (!above || point.size() < longest) continue;
    longest = point.size();
    type = system[0];
  }
  return type;
}

}  // namespace

Findings disk_read(const Subject& subject) {
  results::Finding finding =
      subject.finding("disk.read", message::diag_disk_title, "O_DIRECT, /proc/self/mountinfo");
  const auto absent = [&](MessageId why) {
    finding.status = results::FindingStatus::kAbsent;
    finding.value = subject.say(why);
    return Findings{finding};
  };
  if (subject.model_file.empty()) return absent(message::diag_disk_no_model);
  if (subject.quick) return absent(message::diag_disk_quick);
  const auto rate = subject.machine.read_rate(subject.model_file, kLimit);
  if (!rate)
    return {subject.unknown("disk.read", message::diag_disk_title, finding.source, rate.reason)};
  const std::string type = type_of(subject.machine, subject.model_file);
  finding.value = format_bytes(static_cast<uint64_t>(*rate.value)) + "/s";
  if (!type.empty()) append_word(finding.value, type);
  finding.data = *rate.value;
  const bool remote = std::find(kRemote.begin(), kRemote.end(), type) != kRemote.end();
  if (*rate.value < kSlow || remote) {
    finding.status = results::FindingStatus::kWarn;
    finding.consequence = subject.say(remote ? message::diag_disk_remote : message::diag_disk_slow);
    finding.remedy = subject.say(message::diag_disk_remedy);
  }
  return {finding};
}

}  // namespace nety::diag::probes
