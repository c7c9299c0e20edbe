// POSIX files behind RAII. Errors name the path and give the system's own reason.
#include "core/base/files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace nety {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_io(const char* action, const fs::path& path, int code) {
  const char* hint = code == EACCES   ? "Check the permissions of the file and of its folders."
                     : code == ENOENT ? "Check the path."
                     : code == ENOSPC ? "Free some space on that file system."
                                      : "";
  if (code == ENOMEM)
    throw Error(ErrorKind::kMemory,
                fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(code)),
                "A limit on the address space may be too low: see ulimit -v.");
  throw Error(ErrorKind::kIo,
              fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(code)), hint);
}

int open_for_reading(const fs::path& path) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not hang. It means nothing on files.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail_io("open", path, errno);
  return descriptor;
}

}  // namespace

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  const int descriptor = open_for_reading(path);
  struct stat info {};
  const int status = ::fstat(descriptor, &info);
  const int stat_error = errno;
  if (status == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
    size_ = static_cast<size_t>(info.st_size);
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0);
    const int map_error = errno;
    ::close(descriptor);
    if (address == MAP_FAILED) fail_io("map", path, map_error);
    data_ = static_cast<const std::byte*>(address);
    return;
  }
  ::close(descriptor);
  if (status != 0) fail_io("examine", path, stat_error);
  if (S_ISDIR(info.st_mode))
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("{}: is a directory, not a file", path.string()),
                "Give the file itself, or a directory that holds config.json and *.safetensors.");
  if (!S_ISREG(info.st_mode))
    throw Error(ErrorKind::kCheckpoint, fmt::format("{}: is not a regular file", path.string()),
                "A model must be a file on disk, so that it can be mapped.");
  throw Error(ErrorKind::kCheckpoint, fmt::format("{}: is empty", path.string()),
              "Download or copy the file again.");
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

double MappedFile::resident_share() const {
  if (data_ == nullptr) return -1;
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages((size_ + page - 1) / page);
  if (::mincore(const_cast<std::byte*>(data_), size_, pages.data()) != 0) return -1;
  size_t resident = 0;
  for (const unsigned char flags : pages) resident += flags & 1U;
  return static_cast<double>(resident) / static_cast<double>(pages.size());
}

TemporaryFolder::TemporaryFolder() {
  std::error_code failure;
  std::string path = (fs::temp_directory_path(failure) / "nety-XXXXXX").string();
  if (::mkdtemp(path.data()) != nullptr) path_ = path;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

std::string read_file(const fs::path& path, size_t limit_bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_io("open", path, errno);
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    const int code = errno;
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
    if (got > 0 && text.size() <= limit_bytes) continue;
    ::close(descriptor);
    if (got < 0) fail_io("read", path, code);
    break;
  }
  if (text.size() > limit_bytes)
    throw Error(ErrorKind::kCheckpoint,
                fmt::format("{}: is larger than {} bytes", path.string(), limit_bytes),
                "This cannot be the file it is named as; check the path.");
  return text;
}

AtomicFile::AtomicFile(fs::path destination) : destination_(std::move(destination)) {
  struct stat info {};
  const bool exists = ::stat(destination_.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) fail_io("write", destination_, EISDIR);
  if (exists && !S_ISREG(info.st_mode)) {
    descriptor_ = ::open(destination_.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail_io("open", destination_, errno);
    return;
  }
  // A link is followed, so that the file it points to is replaced and the link stays.
  if (exists) destination_ = fs::canonical(destination_);
  temporary_ = destination_;
  temporary_ += fmt::format(".{}.tmp", ::getpid());
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    temporary_.clear();
    fail_io("create", destination_, errno);
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_io("write", destination_, errno);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
}

void AtomicFile::commit() {
  const int status = ::close(std::exchange(descriptor_, -1));
  if (status != 0) fail_io("write", destination_, errno);
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), destination_.c_str()) != 0)
    fail_io("replace", destination_, errno);
  temporary_.clear();
}

void write_file(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void check_writable(const fs::path& path) {
  struct stat info {};
  const bool special =
      ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
  if (!special)
    const AtomicFile file(path);
  else if (::access(path.c_str(), W_OK) != 0)  // opening a pipe would be seen at its other end
    fail_io("write", path, errno);
}

fs::path cache_folder() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && *xdg != '\0')
    return fs::path(xdg) / "nety";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr && *home != '\0' ? home : "/tmp") / ".cache" / "nety";
}

}  // namespace nety
