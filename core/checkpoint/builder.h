// A checkpoint under construction: both formats' readers fill it in, then it becomes a Checkpoint.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/huggingface_config.h"
#include "core/checkpoint/issue.h"
#include "core/checkpoint/side_tensors.h"

namespace nety::checkpoint {

/// A tensor for messages: its name, type and shape.
std::string described(const Tensor& tensor);

struct Builder {
  Format format = Format::kGguf;
  std::filesystem::path path;
  ModelConfig config;
  std::string chat_template;
  std::vector<MappedFile> files;
  std::vector<Tensor> tensors;  ///< Names must be unique; `mode` by read_checkpoint.
  std::map<std::string, MetadataValue, std::less<>> metadata;
  std::vector<Notice> notices;
  QuantizationHint quantization;
  std::map<std::string, SideTensors, std::less<>> sides;  ///< By name of the weight.
  IssueList issues;

  /// Index of the tensor of that name, or tensors.size().
  size_t find(std::string_view name) const;
  /// The first tensor of that slot, or null. After place_tensors().
  const Tensor* find(Slot slot) const;

  /// Error: kCheckpoint for the gravest issue, if it is fatal.
  void refuse_fatal() const;
  /// Moves everything into a checkpoint, repaired issues as notices too.
  Checkpoint finish() &&;
};

/// Opens a path of either format and finds the tensors' modes and bitsandbytes' side tensors. Does
/// not check that all tensors are there, and does not stop at fatal issues.
Builder read_checkpoint(const std::filesystem::path& path);

/// Fills a builder from a GGUF file: metadata always; config and tensors unless `vocabulary_only`.
Builder read_gguf(const std::filesystem::path& path, bool vocabulary_only);

/// Fills a builder from a Hugging Face directory. `only` names one .safetensors file to use instead
/// of searching; it may be empty.
Builder read_directory(const std::filesystem::path& directory, const std::filesystem::path& only);
/// The same for tokenising: no config, no weights.
Builder read_vocabulary_directory(const std::filesystem::path& directory);

/// The alignment in bytes that the tensor's data need to be used in place.
size_t element_alignment(const Tensor& tensor);

/// Checks that every tensor the configuration needs is there, has its shape and can be used; drops
/// tensors that nothing uses (with a notice). Error: kCheckpoint, naming the first and how many.
void check_tensors(Builder& builder);

/// Gives each tensor that is part of config's architecture its slot, and transformers' name.
void place_tensors(Builder& builder);

}  // namespace nety::checkpoint
