// Models of several files: a directory's config.json, weights and index of shards, or the parts of
// a split GGUF. The input has the files one after the other, each after a line "=== NAME ===".
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/inspector.h"

namespace {

namespace fs = std::filesystem;

/// A directory of this process, removed in the end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "nety-fuzz-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const fs::path& path() const { return path_; }
  void clear() const {
    for (const auto& entry : fs::directory_iterator(path_)) fs::remove(entry.path());
  }

 private:
  fs::path path_;
};

bool is_plain(std::string_view name) {
  if (name.empty() || name.size() > 60 || name.front() == '.') return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") ==
         std::string_view::npos;
}

/// Writes the files, and returns the first one's name.
std::string write(std::string_view input, const fs::path& folder) {
  constexpr std::string_view kMark = "=== ", kEnd = " ===\n";
  std::string first;
  size_t at = input.find(kMark);
  while (at != std::string_view::npos) {
    const size_t name_end = input.find(kEnd, at);
    if (name_end == std::string_view::npos) break;
    const std::string_view name = input.substr(at + kMark.size(), name_end - at - kMark.size());
    const size_t begin = name_end + kEnd.size();
    at = input.find("\n=== ", begin);
    const size_t last = input.size() - (input.ends_with('\n') ? 1 : 0);
    const size_t end = at == std::string_view::npos ? std::max(begin, last) : at++;
    if (!is_plain(name)) continue;
    if (first.empty()) first = name;
    std::ofstream(folder / name, std::ios::binary) << input.substr(begin, end - begin);
  }
  return first;
}

void read(const fs::path& path) {
  try {
    const auto checkpoint = nety::checkpoint::Checkpoint::open(path);
    unsigned sum = 0;
    for (const nety::checkpoint::Tensor& tensor : checkpoint.tensors()) {
      for (const std::byte byte : tensor.data) sum += static_cast<unsigned>(byte);
      try {
        const auto view = checkpoint.matrix(tensor.name);
        if (view.rows * view.cols != tensor.elements()) std::abort();
        std::vector<float> row(static_cast<size_t>(view.cols));
        for (int64_t r = 0; r < view.rows; ++r)
          nety::precision::mode(view.mode).functions->dequantise(view, r, row.data());
      } catch (const nety::Error&) {
      }
      checkpoint.forget(tensor.name);
    }
    static volatile unsigned sink;
    sink = sum;
    nety::checkpoint::inspect_values(checkpoint);
  } catch (const nety::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Folder kFolder;
  kFolder.clear();
  const std::string first = write({reinterpret_cast<const char*>(data), size}, kFolder.path());
  if (first.empty()) return 0;
  read(kFolder.path());
  if (first.ends_with(".gguf") || first.ends_with(".safetensors")) read(kFolder.path() / first);
  try {
    nety::checkpoint::inspect(kFolder.path());
  } catch (const nety::Error&) {
  }
  return 0;
}
