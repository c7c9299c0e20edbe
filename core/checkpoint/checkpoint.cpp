// Opening: the content of a file tells its format, not its name. Both formats get the same checks.
#include "core/checkpoint/checkpoint.h"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>

#include "core/base/error.h"
#include "core/checkpoint/bitsandbytes.h"
#include "core/checkpoint/builder.h"
#include "core/checkpoint/float_scales.h"
#include "core/checkpoint/gguf.h"
#include "core/checkpoint/gguf_split.h"
#include "core/checkpoint/owned_arrays.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/stand_in.h"

namespace nety::checkpoint {
namespace {

namespace fs = std::filesystem;

struct FloatType {
  std::string_view dtype, mode;
};
constexpr FloatType kFloatTypes[] = {{"F32", "fp32"}, {"F16", "fp16"}, {"BF16", "bf16"}};

/// The mode in which a tensor of that dtype can be used, if there is one.
std::optional<precision::ModeId> mode_of_dtype(std::string_view dtype, Format format) {
  std::string name;
  for (const FloatType& type : kFloatTypes)
    if (type.dtype == dtype) name = type.mode;
  if (name.empty() && format == Format::kGguf)
    for (const char c : dtype) name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  const precision::Mode* mode = precision::find_mode(name);
  if (mode == nullptr || mode->kind == precision::ModeKind::kQuantised) return std::nullopt;
  return mode->id;
}

void resolve_modes(Builder& builder) {
  for (Tensor& tensor : builder.tensors)
    if (!tensor.mode) tensor.mode = mode_of_dtype(tensor.dtype, builder.format);
}

/// Early versions of safetensors wrote files whose data begin at any byte.
void note_unaligned(Builder& builder) {
  for (const Tensor& tensor : builder.tensors)
    if (!tensor.is_scattered() &&
        reinterpret_cast<uintptr_t>(tensor.data.data()) % element_alignment(tensor) != 0)
      builder.issues.add("unaligned", Severity::kNote, tensor.name,
                         fmt::format("{} does not begin at a multiple of its element's size, so it "
                                     "is copied to memory when it is used",
                                     shown(tensor.stored_name)),
                         "To have it mapped, save the model again with a current safetensors.");
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// The GGUF file, or the first of its parts, where a directory has one and no config.json; else the
/// path itself.
fs::path meant_by(const fs::path& path) {
  std::error_code code;
  if (!is_folder(path) || fs::exists(path / "config.json", code)) return path;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(path, code), end; !code && it != end; it.increment(code))
    if (it->path().extension() == ".gguf") found.push_back(it->path());
  std::erase_if(found, is_later_part);
  return found.size() == 1 ? found.front() : path;
}

[[noreturn]] void refuse_format(const fs::path& path, std::span<const std::byte> bytes) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                               std::min<size_t>(bytes.size(), 4));
  const bool pickle = start.starts_with("PK") || start.starts_with("\x80");
  refuse(path,
         pickle ? "is a PyTorch pickle, which is not supported"
                : fmt::format("is neither GGUF nor safetensors: it begins with {}", shown(start)),
         pickle ? "Convert it to safetensors: load the model with transformers and "
                  "save_pretrained() it."
                : "Give a GGUF file, or a directory with config.json and *.safetensors.");
}

/// True for a GGUF file; false for a directory or a .safetensors file; else throws.
bool is_gguf(const fs::path& path) {
  if (is_folder(path)) return false;
  const MappedFile file(path);
  refuse_stand_in(path, file.bytes());
  if (looks_like_gguf(file.bytes()) || path.extension() == ".gguf") return true;
  if (path.extension() == ".safetensors") return false;
  refuse_format(path, file.bytes());
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

}  // namespace

int64_t Tensor::elements() const {
  int64_t product = 1;
  for (const int64_t extent : shape) product *= extent;
  return product;
}

size_t Tensor::bytes() const {
  if (!is_scattered() && row_step > 1) {
    const auto rows = static_cast<size_t>(shape.front());
    return data.size() / ((rows - 1) * static_cast<size_t>(row_step) + 1) * rows;
  }
  if (!is_scattered()) return data.size();
  return static_cast<size_t>(elements() * safetensors_bits(dtype) / 8);
}

std::string described(const Tensor& tensor) {
  return fmt::format("{} {} {}", shown(tensor.stored_name), tensor.dtype, shape_text(tensor.shape));
}

size_t Builder::find(std::string_view name) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  return static_cast<size_t>(found - tensors.begin());
}

const Tensor* Builder::find(Slot slot) const {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.slot == slot; });
  return found == tensors.end() ? nullptr : &*found;
}

void Builder::refuse_fatal() const {
  const std::vector<Issue> found = issues.finish();
  if (found.empty() || found.front().severity != Severity::kFatal) return;
  const Issue& worst = found.front();
  const size_t at = worst.tensors.empty() ? tensors.size() : find(worst.tensors.front());
  refuse(at < tensors.size() ? files[tensors[at].file].path() : path, worst.what, worst.hint);
}

Checkpoint Builder::finish() && {
  refuse_fatal();
  std::vector<Issue> found = issues.finish();
  for (const Issue& issue : found)
    if (issue.severity == Severity::kRepaired) notices.push_back({issue.id, issue.what + "."});
  Checkpoint checkpoint;
  checkpoint.format_ = format;
  checkpoint.path_ = std::move(path);
  checkpoint.config_ = std::move(config);
  checkpoint.chat_template_ = std::move(chat_template);
  checkpoint.files_ = std::move(files);
  checkpoint.tensors_ = std::move(tensors);
  checkpoint.metadata_ = std::move(metadata);
  checkpoint.notices_ = std::move(notices);
  checkpoint.issues_ = std::move(found);
  checkpoint.sides_ = std::move(sides);
  for (size_t i = 0; i < checkpoint.tensors_.size(); ++i)
    checkpoint.index_.emplace(checkpoint.tensors_[i].name, i);
  return checkpoint;
}

Builder read_checkpoint(const fs::path& path) {
  const fs::path meant = meant_by(path);
  Builder builder = is_gguf(meant)     ? read_gguf(meant, false)
                    : is_folder(meant) ? read_directory(meant, {})
                                       : read_directory(folder_of(meant), meant);
  resolve_modes(builder);
  if (builder.format == Format::kHuggingFace) {
    resolve_fp8(builder);
    resolve_bitsandbytes(builder);
  } else {
    resolve_factors(builder);
  }
  note_unaligned(builder);
  return builder;
}

Checkpoint::Checkpoint() : owned_(std::make_unique<OwnedArrays>()) {}
Checkpoint::~Checkpoint() = default;
Checkpoint::Checkpoint(Checkpoint&& other) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&& other) noexcept = default;

Checkpoint Checkpoint::open(const fs::path& path) {
  Builder builder = read_checkpoint(path);
  builder.refuse_fatal();
  check_tensors(builder);
  return std::move(builder).finish();
}

Checkpoint Checkpoint::open_vocabulary(const fs::path& path) {
  const fs::path meant = meant_by(path);
  if (!is_folder(meant) && meant.filename() == "tokenizer.json")
    return read_vocabulary_directory(folder_of(meant)).finish();
  Builder builder = is_gguf(meant)     ? read_gguf(meant, true)
                    : is_folder(meant) ? read_vocabulary_directory(meant)
                                       : read_vocabulary_directory(folder_of(meant));
  return std::move(builder).finish();
}

const Tensor* Checkpoint::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const Tensor& Checkpoint::at(std::string_view name) const {
  if (const Tensor* tensor = find(name)) return *tensor;
  refuse(path_, fmt::format("has no tensor {}", shown(name)));
}

const Tensor& Checkpoint::at(Slot slot) const {
  for (const Tensor& tensor : tensors_)
    if (tensor.slot == slot) return tensor;
  refuse(path_, "lacks a tensor of its architecture");
}

uint64_t Checkpoint::weight_bytes() const {
  uint64_t bytes = 0;
  for (const Tensor& tensor : tensors_) bytes += tensor.bytes() + tensor.side_bytes;
  return bytes;
}

std::string Checkpoint::id() const {
  uint64_t bytes = 0;
  for (const MappedFile& file : files_) bytes += file.size();
  return fmt::format("{}/{}/{}", name(), format_ == Format::kGguf ? "gguf" : "huggingface", bytes);
}

int64_t Checkpoint::parameters() const {
  int64_t count = 0;
  for (const Tensor& tensor : tensors_) count += tensor.elements();
  return count;
}

std::vector<std::pair<std::string, int>> Checkpoint::storage_types() const {
  struct Sum {
    int count = 0;
    uint64_t bytes = 0;
  };
  std::map<std::string, Sum> sums;
  for (const Tensor& tensor : tensors_) {
    const bool quantised = sides_.count(tensor.name) != 0;
    Sum& sum = sums[quantised ? std::string(precision::mode(*tensor.mode).name) : tensor.dtype];
    ++sum.count;
    sum.bytes += tensor.bytes() + tensor.side_bytes;
  }
  std::vector<std::pair<std::string, Sum>> order(sums.begin(), sums.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  std::vector<std::pair<std::string, int>> types;
  for (const auto& entry : order) types.emplace_back(entry.first, entry.second.count);
  return types;
}

precision::ModeId Checkpoint::stored_mode() const {
  std::map<precision::ModeId, uint64_t> bytes;
  for (const Tensor& tensor : tensors_)
    if (tensor.mode && tensor.shape.size() == 2) bytes[*tensor.mode] += tensor.bytes();
  if (bytes.empty()) refuse(path_, "has no matrices");
  return std::max_element(bytes.begin(), bytes.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

}  // namespace nety::checkpoint
