#include "core/measure/calibration_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/measure/worker.h"

namespace nety::measure {
namespace fs = std::filesystem;

namespace {

/// FNV-1a over words of eight bytes: a program is some tens of megabytes, and every start waits.
uint64_t digest_of(std::span<const std::byte> bytes) {
  uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](uint64_t word) { hash = (hash ^ word) * 1099511628211ULL; };
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    add(word);
    hash ^= hash >> 32;  // high bits of a word would reach no low bit
  }
  for (; at < bytes.size(); ++at) add(std::to_integer<uint64_t>(bytes[at]));
  return hash;
}

/// As a file name, whatever it holds.
std::string file_name_of(std::string text) {
  for (char& c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '-' && c != '_') c = '_';
  }
  return text.empty() ? "unknown" : text;
}

void remove_oldest(const fs::path& folder) {
  std::error_code failure;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure))
    if (it->path().extension() == ".json")
      files.emplace_back(it->last_write_time(failure), it->path());
  std::ranges::sort(files, std::greater{});
  for (size_t i = CalibrationStore::kMostFiles; i < files.size(); ++i)
    fs::remove(files[i].second, failure);
}

}  // namespace

std::string build_id() {
  const MappedFile program{fs::path(own_program())};
  return fmt::format("{:016x}", digest_of(program.bytes()));
}

CalibrationKey key_of(const Calibration& calibration) {
  return {calibration.machine.id, calibration.build, calibration.isa, calibration.threads};
}

CalibrationStore CalibrationStore::of_user() {
  const char* named = std::getenv("NETY_CALIBRATION");
  return CalibrationStore(named == nullptr || *named == '\0' ? cache_folder() / "calibration"
                                                             : fs::path(named));
}

fs::path CalibrationStore::path_of(const CalibrationKey& key) const {
  const std::string family = key.isa.empty() ? "best" : file_name_of(key.isa);
  return folder_ / fmt::format("{}.{}t.{}.{}.json", file_name_of(key.machine), key.threads, family,
                               file_name_of(key.build));
}

CalibrationStore::Found CalibrationStore::find(const CalibrationKey& key) const {
  const fs::path path = path_of(key);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  try {
    constexpr size_t kMostBytes = size_t{4} << 20;
    Calibration calibration = calibration_from_json(read_file(path, kMostBytes), path.string());
    const CalibrationKey found = key_of(calibration);
    if (found.machine != key.machine || found.build != key.build || found.isa != key.isa ||
        found.threads != key.threads)
      return {{}, fmt::format("{}: is of another machine, build or setting", path.string())};
    return {std::move(calibration), ""};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

fs::path CalibrationStore::keep(const Calibration& calibration) const {
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure)
    throw Error(ErrorKind::kIo,
                fmt::format("{}: cannot be made: {}", folder_.string(), failure.message()),
                "NETY_CALIBRATION names another folder.");
  fs::path path = path_of(key_of(calibration));
  write_file(path, to_json(calibration));
  remove_oldest(folder_);
  return path;
}

}  // namespace nety::measure
