// Sizes are known beforehand, so pwrite puts each tensor in its place. Headers are written last,
// into room left for them, because the sizes of a few tensors are known only then.
#include "core/checkpoint/writer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <tuple>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/units.h"
#include "core/checkpoint/json_text.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/safetensors.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;

// safetensors' order of types within a file, from the first on.
constexpr std::string_view kTypeOrder[] = {"F32", "BF16", "F16", "I8", "U8"};

size_t rank_of(const std::string& dtype) {
  return static_cast<size_t>(std::find(std::begin(kTypeOrder), std::end(kTypeOrder), dtype) -
                             std::begin(kTypeOrder));
}

[[noreturn]] void fail_io(const char* action, const fs::path& path, int code) {
  throw Error(ErrorKind::kIo,
              fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(code)),
              code == ENOSPC ? "Free some space on that file system, or write elsewhere."
                             : "Check the path and its permissions.");
}

[[noreturn]] void fail_exists(const fs::path& destination) {
  throw Error(ErrorKind::kUsage, fmt::format("{}: exists already", destination.string()),
              "Give a new directory, or remove that one first; nothing is overwritten.");
}

void write_all(int descriptor, std::span<const std::byte> bytes, uint64_t offset,
               const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put =
        ::pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_io("write", path, errno);
    bytes = bytes.subspan(static_cast<size_t>(put));
    offset += static_cast<uint64_t>(put);
  }
}

void check_space(const fs::path& folder, uint64_t needed) {
  std::error_code code;
  const fs::space_info space = fs::space(folder, code);
  if (code || space.available >= needed) return;
  throw Error(ErrorKind::kIo,
              fmt::format("{}: the model takes {}, the file system has {} left", folder.string(),
                          format_bytes(needed), format_bytes(space.available)),
              "Free some space on that file system, or write elsewhere.");
}

/// The order within a file is that of safetensors' own writer, which also aligns every tensor. Late
/// tensors come last.
void sort_for_file(std::vector<OutputTensor>& tensors) {
  const auto key = [](const OutputTensor& tensor) {
    return std::tuple(tensor.late, rank_of(tensor.dtype), std::string_view(tensor.name));
  };
  std::sort(tensors.begin(), tensors.end(),
            [&](const OutputTensor& a, const OutputTensor& b) { return key(a) < key(b); });
}

std::string header_of(const std::vector<OutputTensor>& tensors) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  uint64_t offset = 0;
  for (const OutputTensor& tensor : tensors) {
    std::string shape = shape_text(tensor.shape);
    std::erase(shape, ' ');
    header +=
        fmt::format(R"(,{}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
                    json_string(tensor.name), tensor.dtype, shape, offset, offset + tensor.bytes());
    offset += tensor.bytes();
  }
  return header + '}';
}

uint64_t total_bytes(const std::vector<OutputTensor>& tensors) {
  uint64_t total = 0;
  for (const OutputTensor& tensor : tensors) total += tensor.bytes();
  return total;
}

}  // namespace

uint64_t OutputTensor::bytes() const {
  auto bytes = static_cast<uint64_t>(safetensors_bits(dtype) / 8);
  for (const int64_t extent : shape) bytes *= static_cast<uint64_t>(extent);
  return bytes;
}

ModelWriter::ModelWriter(fs::path destination, const std::vector<OutputTensor>& tensors,
                         uint64_t shard_bytes)
    : destination_(std::move(destination)) {
  if (!destination_.has_filename()) destination_ = destination_.parent_path();  // "name/"
  const std::string name = destination_.filename().string();
  if (name.empty() || name == "." || name == "..") fail_exists(destination_);
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(destination_, ignored))) fail_exists(destination_);
  const fs::path folder =
      destination_.has_parent_path() ? destination_.parent_path() : fs::path(".");
  check_space(folder, total_bytes(tensors));
  temporary_ = folder / fmt::format(".{}.{}.tmp", name, ::getpid());
  if (::mkdir(temporary_.c_str(), 0777) != 0) fail_io("create", temporary_, errno);
  try {
    lay_out(tensors, shard_bytes);
  } catch (...) {
    close_shards();
    fs::remove_all(temporary_, ignored);
    throw;
  }
}

ModelWriter::~ModelWriter() {
  close_shards();
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void ModelWriter::lay_out(const std::vector<OutputTensor>& tensors, uint64_t shard_bytes) {
  std::vector<Shard> shards(1);
  uint64_t filled = 0;
  for (const OutputTensor& tensor : tensors) {
    if (filled > 0 && filled + tensor.bytes() > shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().tensors.push_back(tensor);
    filled += tensor.bytes();
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    shards[i].name = shards.size() == 1
                         ? "model.safetensors"
                         : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    begin_shard(std::move(shards[i]));
  }
}

void ModelWriter::begin_shard(Shard shard) {
  sort_for_file(shard.tensors);
  constexpr uint64_t kAlignment = 8;  // of the data
  shard.header_bytes = (header_of(shard.tensors).size() + kAlignment - 1) / kAlignment * kAlignment;
  Place place{.shard = shards_.size(), .offset = sizeof(uint64_t) + shard.header_bytes};
  for (const OutputTensor& tensor : shard.tensors) {
    place.bytes = tensor.bytes();
    if (!places_.emplace(tensor.name, place).second)
      throw Error(ErrorKind::kInternal, fmt::format("tensor {} is written twice", tensor.name));
    place.offset += place.bytes;
  }
  const fs::path path = temporary_ / shard.name;
  shard.descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (shard.descriptor < 0) fail_io("create", path, errno);
  shards_.push_back(std::move(shard));
}

void ModelWriter::finish_shard(Shard& shard) {
  const fs::path path = temporary_ / shard.name;
  uint64_t offset = sizeof(uint64_t) + shard.header_bytes;
  for (OutputTensor& tensor : shard.tensors) {
    if (tensor.late) {
      const std::string& text = late_.at(tensor.name);
      tensor.shape = {static_cast<int64_t>(text.size())};
      write_all(shard.descriptor, std::as_bytes(std::span(text.data(), text.size())), offset, path);
    }
    offset += tensor.bytes();
  }
  std::string header = header_of(shard.tensors);
  header.resize(shard.header_bytes, ' ');
  const uint64_t length = header.size();
  header.insert(0, reinterpret_cast<const char*>(&length), sizeof length);
  write_all(shard.descriptor, std::as_bytes(std::span(header.data(), header.size())), 0, path);
  if (::close(std::exchange(shard.descriptor, -1)) != 0) fail_io("write", path, errno);
}

void ModelWriter::write_index() {
  uint64_t total = 0;
  for (const Shard& shard : shards_) total += total_bytes(shard.tensors);
  std::string text = fmt::format(
      "{{\n  \"metadata\": {{\n    \"total_size\": {}\n  }},\n  \"weight_map\": {{", total);
  const char* separator = "\n";
  for (const auto& place : places_) {
    text += fmt::format("{}    {}: \"{}\"", separator, json_string(place.first),
                        shards_[place.second.shard].name);
    separator = ",\n";
  }
  put_file("model.safetensors.index.json", text + "\n  }\n}\n");
}

void ModelWriter::put(std::string_view tensor, uint64_t offset, std::span<const std::byte> bytes) {
  const auto found = places_.find(tensor);
  if (found == places_.end() || offset > found->second.bytes ||
      bytes.size() > found->second.bytes - offset)
    throw Error(ErrorKind::kInternal, fmt::format("{} bytes at {} of tensor {} have no place",
                                                  bytes.size(), offset, shown(tensor)));
  Place& place = found->second;
  const Shard& shard = shards_[place.shard];
  write_all(shard.descriptor, bytes, place.offset + offset, temporary_ / shard.name);
  const std::lock_guard lock(mutex_);
  place.written += bytes.size();
}

void ModelWriter::put_late(std::string_view tensor, std::string bytes) {
  const auto found = places_.find(tensor);
  if (found == places_.end() || bytes.size() > found->second.bytes)
    throw Error(ErrorKind::kInternal,
                fmt::format("{} bytes of tensor {} have no place", bytes.size(), shown(tensor)));
  const std::lock_guard lock(mutex_);
  late_.insert_or_assign(std::string(tensor), std::move(bytes));
}

void ModelWriter::put_file(const std::string& name, std::string_view text) {
  write_file(temporary_ / name, text);
}

void ModelWriter::check_complete() const {
  for (const Shard& shard : shards_)
    for (const OutputTensor& tensor : shard.tensors) {
      const Place& place = places_.find(tensor.name)->second;
      if (tensor.late ? late_.count(tensor.name) == 0 : place.written != place.bytes)
        throw Error(ErrorKind::kInternal,
                    fmt::format("tensor {} was not written in full", shown(tensor.name)));
    }
}

void ModelWriter::commit() {
  check_complete();
  for (Shard& shard : shards_) finish_shard(shard);
  if (shards_.size() > 1) write_index();
  // Plain rename would replace an empty directory that appeared in the meantime.
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, destination_.c_str(), RENAME_NOREPLACE) !=
      0) {
    const int code = errno;
    if (code == EEXIST) fail_exists(destination_);
    // Some network file systems know only plain rename.
    if (code != EINVAL || ::rename(temporary_.c_str(), destination_.c_str()) != 0)
      fail_io("create", destination_, code == EINVAL ? errno : code);
  }
  temporary_.clear();
}

void ModelWriter::close_shards() {
  for (Shard& shard : shards_)
    if (shard.descriptor >= 0) ::close(std::exchange(shard.descriptor, -1));
}

}  // namespace nety::checkpoint
