// The keys split.*: llama.cpp's tools/gguf-split. Parts after the first may have no others.
#include "core/checkpoint/gguf_split.h"

#include <fmt/core.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/checkpoint/gguf_keys.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostParts = 99999;  // five digits
constexpr int64_t kMostTensors = INT32_MAX;

constexpr const char* kDownloadAll = "Download all parts again, into one folder.";

/// "m-00001-of-00003.gguf" taken apart.
struct PartName {
  std::string stem;  ///< "m"
  int64_t number = 1, count = 1;
};

std::string name_of_part(const PartName& part, int64_t number) {
  return fmt::format("{}-{:05}-of-{:05}.gguf", part.stem, number, part.count);
}

/// Nothing where the name is of another form.
std::optional<PartName> parse_name(const fs::path& file) {
  constexpr std::string_view kForm = "-00000-of-00000.gguf";
  const std::string name = file.filename().string();
  if (name.size() <= kForm.size()) return std::nullopt;
  const size_t at = name.size() - kForm.size();
  PartName part{.stem = name.substr(0, at), .number = 0, .count = 0};
  for (size_t i = 0; i < kForm.size(); ++i) {
    const char c = name[at + i];
    if (kForm[i] != '0') {
      if (c != kForm[i]) return std::nullopt;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    int64_t& value = i < 8 ? part.number : part.count;
    value = 10 * value + (c - '0');
  }
  return part;
}

/// What a part says of itself.
struct PartKeys {
  int64_t number, count;  ///< From 1.
  std::optional<int64_t> tensors;

  explicit PartKeys(const GgufKeys& keys)
      : number(keys.integer("split.no", 0, kMostParts).value_or(0) + 1),
        count(keys.integer("split.count", 0, kMostParts).value_or(1)),
        tensors(keys.integer("split.tensors.count", 0, kMostTensors)) {}
};

/// The name that leads to the other parts.
PartName find_name(const fs::path& path, const PartKeys& said) {
  const std::optional<PartName> name = parse_name(path);
  if (name && name->number == said.number && name->count == said.count) return *name;
  const PartName form{.stem = "NAME", .number = said.number, .count = said.count};
  refuse(path,
         fmt::format("is part {} of {} of a split GGUF, and its name does not lead to the others",
                     said.number, said.count),
         fmt::format("Name it {} and put all parts into one folder, or join them: "
                     "llama-gguf-split --merge FIRST_PART OUTPUT.gguf",
                     name_of_part(form, said.number)));
}

/// The paths of the parts, all of them there.
std::vector<fs::path> find_parts(const fs::path& path, const PartName& name, int64_t count) {
  std::vector<fs::path> parts;
  for (int64_t number = 1; number <= count; ++number) {
    const fs::path& part =
        parts.emplace_back(fs::path(path).replace_filename(name_of_part(name, number)));
    std::error_code ignored;
    if (!fs::exists(part, ignored))
      refuse(path,
             fmt::format("is part {} of {} of a split GGUF; part {}, {}, is missing", name.number,
                         name.count, number, part.filename().string()),
             "Download the missing part into the same folder.");
  }
  return parts;
}

/// Adds the tensors of a later part, `file` of `files`.
void add_part(GgufFile&& part, const fs::path& path, size_t file, const PartKeys& first,
              GgufFile& whole, std::map<std::string, size_t, std::less<>>& places) {
  const auto number = static_cast<int64_t>(file) + 1;
  const PartKeys said(GgufKeys(part.metadata, path));
  if (said.number != number || said.count != first.count)
    refuse(path,
           fmt::format("says that it is part {} of {} of a split GGUF; its name says {} of {}",
                       said.number, said.count, number, first.count),
           kDownloadAll);
  if (said.tensors != first.tensors)
    refuse(path,
           fmt::format("says that the split GGUF has {} tensors; the first part says {}",
                       said.tensors.value_or(0), first.tensors.value_or(0)),
           kDownloadAll);
  for (GgufTensor& tensor : part.tensors) {
    const auto [place, is_new] = places.emplace(tensor.name, file);
    if (!is_new)
      refuse(path,
             fmt::format("has the tensor {}, which part {} has too", shown(tensor.name),
                         place->second + 1),
             kDownloadAll);
    tensor.file = file;
    whole.tensors.push_back(std::move(tensor));
  }
}

void check_count(const fs::path& path, const PartKeys& first, const GgufFile& whole) {
  if (!first.tensors || *first.tensors == static_cast<int64_t>(whole.tensors.size())) return;
  refuse(path,
         fmt::format("says that the split GGUF has {} tensors; its {} parts have {}",
                     *first.tensors, first.count, whole.tensors.size()),
         kDownloadAll);
}

}  // namespace

bool is_later_part(const fs::path& file) {
  const std::optional<PartName> name = parse_name(file);
  return name && name->number > 1;
}

GgufFile read_gguf_files(const fs::path& path, GgufParts parts, std::vector<MappedFile>& files) {
  files.emplace_back(path);
  GgufFile gguf = parse_gguf(files.back().bytes(), path, parts);
  const PartKeys given(GgufKeys(gguf.metadata, path));
  if (given.count <= 1 || (parts == GgufParts::kMetadata && given.number == 1)) return gguf;
  const PartName name = find_name(path, given);
  const std::vector<fs::path> paths = find_parts(path, name, given.count);
  files.clear();
  files.emplace_back(paths.front());
  gguf = parse_gguf(files.back().bytes(), paths.front(), parts);
  const PartKeys first(GgufKeys(gguf.metadata, paths.front()));
  if (first.number != 1 || first.count != given.count)
    refuse(paths.front(),
           fmt::format("says that it is part {} of {} of a split GGUF; its name says 1 of {}",
                       first.number, first.count, given.count),
           kDownloadAll);
  if (parts == GgufParts::kMetadata) return gguf;
  std::map<std::string, size_t, std::less<>> places;
  for (const GgufTensor& tensor : gguf.tensors) places.emplace(tensor.name, 0);
  for (size_t file = 1; file < paths.size(); ++file) {
    files.emplace_back(paths[file]);
    add_part(parse_gguf(files.back().bytes(), paths[file], parts), paths[file], file, first, gguf,
             places);
  }
  check_count(paths.front(), first, gguf);
  return gguf;
}

}  // namespace nety::checkpoint
