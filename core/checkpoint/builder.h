// A checkpoint in the making: what the two formats' readers fill in and Checkpoint takes over.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace nety::checkpoint {

struct Builder {
  Format format = Format::kGguf;
  std::filesystem::path path;
  ModelConfig config;
  GenerationDefaults generation;
  std::string chat_template;
  std::vector<MappedFile> files;
  std::vector<Tensor> tensors;  ///< Names must be unique; `mode` is filled by resolve_modes.
  std::map<std::string, MetadataValue, std::less<>> metadata;
  std::vector<Notice> notices;

  /// Index of the tensor of that name, or tensors.size().
  size_t find(std::string_view name) const;

  Checkpoint finish() &&;
};

/// Fills a builder from a GGUF file: metadata always; config and tensors unless `vocabulary_only`.
Builder read_gguf(const std::filesystem::path& path, bool vocabulary_only);

/// Fills a builder from a Hugging Face directory. `only` names one .safetensors file to use instead
/// of searching; it may be empty.
Builder read_directory(const std::filesystem::path& directory, const std::filesystem::path& only);
/// The same for tokenising: no config, no weights.
Builder read_vocabulary_directory(const std::filesystem::path& directory);

/// Checks that every tensor the configuration needs is there, has its shape and can be used; drops
/// tensors that nothing uses (with a notice). Error: kCheckpoint, naming the first and how many.
void check_tensors(Builder& builder);

/// The name a GGUF of the llama architecture gives to the tensor that transformers calls `name`;
/// empty if it has none.
std::string gguf_name_of(std::string_view name);
/// The reverse; empty for tensors that have no place in the Llama family.
std::string huggingface_name_of(std::string_view gguf_name);

}  // namespace nety::checkpoint
