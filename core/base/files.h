// Files: mapped for reading, replaced whole for writing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace nety {

/// A read-only memory mapping of a whole regular file. Moves; does not copy.
/// Errors: kIo if it cannot be opened or mapped, kCheckpoint if it is a directory, not a regular
/// file, or empty.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }
  size_t size() const { return size_; }
  /// Share of the file's pages that are in the page cache now, 0 to 1 (mincore); -1 if unknown.
  double resident_share() const;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// An empty folder of its own under the system's temporary one, removed with this object and all
/// that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  /// Empty if none could be made.
  const std::filesystem::path& path() const { return path_; }
  /// The path of `name` in it; empty if there is no folder.
  std::string file(std::string_view name) const {
    return path_.empty() ? "" : (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

/// The contents of a small file (config.json, /proc entries, prompts).
/// Errors: kIo; kCheckpoint if it is larger than `limit_bytes`.
std::string read_file(const std::filesystem::path& path, size_t limit_bytes = size_t{1} << 30);

/// A file that appears whole or not at all: written beside its destination and renamed by commit().
/// Without commit() the destructor removes it. A device or a pipe is written in place.
/// Errors: kIo, naming the destination.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path destination);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }
  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  std::filesystem::path destination_;
  std::filesystem::path temporary_;  // empty when written in place
  int descriptor_ = -1;
};

/// Writes `text` through an AtomicFile.
void write_file(const std::filesystem::path& path, std::string_view text);

/// Checks that write_file() can write there, before a long run whose result goes there. Leaves
/// nothing behind. Error: kIo, as AtomicFile.
void check_writable(const std::filesystem::path& path);

/// Where caches live: $XDG_CACHE_HOME/nety or ~/.cache/nety. Not created.
std::filesystem::path cache_folder();

}  // namespace nety
