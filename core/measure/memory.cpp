// /proc/self/status, in kB lines.
#include "core/measure/memory.h"

#include <charconv>
#include <chrono>
#include <string>

#include "core/base/error.h"
#include "core/base/files.h"

namespace nety::measure {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(4);

std::optional<uint64_t> field(std::string_view status, std::string_view name) {
  for (size_t at = status.find(name); at != std::string_view::npos;
       at = status.find(name, at + 1)) {
    const size_t colon = at + name.size();
    if ((at != 0 && status[at - 1] != '\n') || colon >= status.size() || status[colon] != ':')
      continue;
    const size_t digits = status.find_first_not_of(" \t", colon + 1);
    uint64_t kilobytes = 0;
    if (digits == std::string_view::npos) return std::nullopt;
    const auto read =
        std::from_chars(status.data() + digits, status.data() + status.size(), kilobytes);
    if (read.ec != std::errc{}) return std::nullopt;
    return kilobytes * 1024;
  }
  return std::nullopt;
}

void raise(std::atomic<uint64_t>& peak, const std::optional<uint64_t>& value) {
  if (value && *value > peak.load(std::memory_order_relaxed))
    peak.store(*value, std::memory_order_relaxed);
}

std::optional<uint64_t> known(const std::atomic<uint64_t>& value) {
  const uint64_t bytes = value.load(std::memory_order_relaxed);
  return bytes == 0 ? std::nullopt : std::optional(bytes);
}

}  // namespace

MemoryUse parse_memory_use(std::string_view status) {
  MemoryUse use;
  use.rss_bytes = field(status, "VmRSS");
  use.peak_rss_bytes = field(status, "VmHWM");
  use.anonymous_bytes = field(status, "RssAnon");
  use.file_bytes = field(status, "RssFile");
  use.shared_bytes = field(status, "RssShmem");
  return use;
}

MemoryUse memory_use() {
  try {
    return parse_memory_use(read_file("/proc/self/status"));
  } catch (const Error&) {
    return {};
  }
}

void MemoryPeaks::note() {
  const MemoryUse use = memory_use();
  rss_.store(use.rss_bytes.value_or(0), std::memory_order_relaxed);
  raise(peak_rss_, use.peak_rss_bytes);
  raise(anonymous_, use.anonymous_bytes);
  raise(file_, use.file_bytes);
  raise(shared_, use.shared_bytes);
}

void MemoryPeaks::start() {
  if (watching_.exchange(true)) return;
  watcher_ = std::thread([this] {
    while (watching_.load(std::memory_order_relaxed)) {
      note();
      std::this_thread::sleep_for(kInterval);
    }
  });
}

void MemoryPeaks::stop() {
  watching_ = false;
  if (watcher_.joinable()) watcher_.join();
  note();
}

MemoryUse MemoryPeaks::peaks() const {
  MemoryUse use;
  use.rss_bytes = known(rss_);
  use.peak_rss_bytes = known(peak_rss_);
  use.anonymous_bytes = known(anonymous_);
  use.file_bytes = known(file_);
  use.shared_bytes = known(shared_);
  return use;
}

}  // namespace nety::measure
