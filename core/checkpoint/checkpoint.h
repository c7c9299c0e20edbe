// One view of a model on disk, whatever its format: GGUF file or Hugging Face directory. Everything
// is mapped, nothing is read until used, and headers are checked before anything is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/files.h"
#include "core/checkpoint/config.h"
#include "core/checkpoint/issue.h"
#include "core/checkpoint/side_tensors.h"
#include "core/checkpoint/slot.h"
#include "core/precision/mode.h"

namespace nety::checkpoint {

class OwnedArrays;

/// One tensor of a file, mapped. `name` is Hugging Face's
/// ("model.layers.0.self_attn.q_proj.weight") whatever the file calls it.
struct Tensor {
  std::string name;
  std::string stored_name;     ///< As the file has it: "blk.0.attn_q.weight".
  std::string dtype;           ///< As the file has it: "F32", "BF16", "Q4_1", "I8", "U8".
  std::vector<int64_t> shape;  ///< Outermost first: [out_features, in_features].
  std::span<const std::byte> data;
  size_t file = 0;           ///< Index into Checkpoint::files.
  std::optional<Slot> slot;  ///< Empty: not part of the architecture.
  /// The mode in which these bytes can be used as a matrix; empty for types that cannot.
  std::optional<precision::ModeId> mode;
  /// A bitsandbytes weight: `data` are its packed codes, `shape` is that of the weight itself, and
  /// this many bytes of scales and state lie beside it in the files.
  size_t side_bytes = 0;
  /// Directories have this weight less one (TensorInfo::less_one); matrix() has it whole.
  bool less_one = false;
  /// Elements from one row, and one column, to the next, of a part of a stack of experts whose
  /// matrices are turned around: `data` then has those of others in between. 0: side by side. A row
  /// step above 1 alone: whole rows of others lie between (MXFP4).
  int64_t row_step = 0, column_step = 0;

  bool is_scattered() const { return column_step > 0; }
  /// Of its own elements.
  size_t bytes() const;

  int64_t elements() const;
};

/// A remark about a checkpoint that is not an error: something repaired, ignored or unusual.
struct Notice {
  std::string id;    ///< Stable word: "absmax_repaired".
  std::string what;  ///< One sentence.
};

/// One value of GGUF metadata. Arrays of numbers are widened to int64 or double; texts of an array
/// stay in the mapped file: a vocabulary has a hundred thousand of them.
using MetadataValue =
    std::variant<bool, int64_t, uint64_t, double, std::string, std::vector<int64_t>,
                 std::vector<double>, std::vector<std::string_view>>;

enum class Format : uint8_t { kGguf, kHuggingFace };

/// A model on disk. Move-only; tensors point into its mapped files.
class Checkpoint {
 public:
  Checkpoint();
  ~Checkpoint();
  Checkpoint(Checkpoint&& other) noexcept;
  Checkpoint& operator=(Checkpoint&& other) noexcept;

  /// Opens a GGUF file, a Hugging Face directory, or one .safetensors file in such a directory.
  /// Reads headers only. Checks them in full: sizes, offsets, overlaps, names, shapes against the
  /// config, and that every tensor the architecture needs is there.
  /// Errors: kIo (cannot open), kCheckpoint (damaged, incomplete, unsupported), naming file, tensor
  /// and value.
  static Checkpoint open(const std::filesystem::path& path);
  /// The same without requiring weights: for tokenising. A GGUF with only a vocabulary, of any
  /// architecture, or a directory with only tokenizer.json will do; config() is then empty.
  static Checkpoint open_vocabulary(const std::filesystem::path& path);

  Format format() const { return format_; }
  /// The GGUF file, or the directory.
  const std::filesystem::path& path() const { return path_; }
  const std::string& name() const { return config_.name; }
  /// Stable for the same weights, whatever their path: "NAME/gguf/BYTES".
  std::string id() const;
  const ModelConfig& config() const { return config_; }
  /// The chat template's text as stored (Jinja); empty if there is none.
  const std::string& chat_template() const { return chat_template_; }
  std::span<const Tensor> tensors() const { return tensors_; }
  std::span<const MappedFile> files() const { return files_; }
  std::span<const Notice> notices() const { return notices_; }
  /// Issues that are not fatal, gravest first (inspector.h).
  std::span<const Issue> issues() const { return issues_; }
  /// GGUF metadata by key; empty for a Hugging Face directory.
  const std::map<std::string, MetadataValue, std::less<>>& metadata() const { return metadata_; }

  const Tensor* find(std::string_view name) const;
  /// The tensor, or kCheckpoint naming it.
  const Tensor& at(std::string_view name) const;
  /// The first tensor of that slot, or kCheckpoint.
  const Tensor& at(Slot slot) const;
  /// The weight of that name as a matrix [rows, cols] in its stored mode; a vector is one row. A
  /// tied head is the embedding. Scales of bitsandbytes' side tensors are part of it, and are read.
  /// Points into the mapped file; only what cannot be used in place is copied, once
  /// (copied_bytes). Error: kCheckpoint if it cannot be used or a scale is not finite.
  precision::MatrixView matrix(std::string_view name) const;
  /// The same without reading the scales, and as it is stored.
  precision::MatrixView unchecked_matrix(std::string_view name) const;
  /// Gives back what matrix() has copied of a scattered tensor; views of it are no longer valid.
  void forget(std::string_view name) const;
  /// Memory that matrix() has taken once it was called for every tensor: unaligned arrays and
  /// repaired scales. Mostly 0; without scattered tensors.
  uint64_t copied_bytes() const;

  /// Bytes of all tensors, scales included; number of weights (elements of the original shapes).
  uint64_t weight_bytes() const;
  int64_t parameters() const;
  /// Storage types present and how many tensors have each, most bytes first: "Q4_1" 210, "Q8_0" 1;
  /// bitsandbytes weights count under their mode's name: "nf4-dq" 224.
  std::vector<std::pair<std::string, int>> storage_types() const;
  /// The mode that most bytes of matrices are in: one name for the mode `stored`.
  precision::ModeId stored_mode() const;

 private:
  friend struct Builder;
  std::string resolved(std::string_view name) const;

  Format format_ = Format::kGguf;
  std::filesystem::path path_;
  ModelConfig config_;
  std::string chat_template_;
  std::vector<MappedFile> files_;
  std::vector<Tensor> tensors_;
  std::map<std::string, size_t, std::less<>> index_;
  std::map<std::string, MetadataValue, std::less<>> metadata_;
  std::vector<Notice> notices_;
  std::vector<Issue> issues_;
  std::map<std::string, SideTensors, std::less<>> sides_;  ///< By name of the weight.
  std::unique_ptr<OwnedArrays> owned_;
};

}  // namespace nety::checkpoint
