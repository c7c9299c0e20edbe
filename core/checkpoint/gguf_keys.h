// GGUF metadata asked by key, with ranges checked and messages that name file, key and value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace nety::checkpoint {

/// A view; the map and the path must outlive it. Every function gives nothing where the key is
/// absent, and throws kCheckpoint where its value has another type or is out of range.
class GgufKeys {
 public:
  using Metadata = std::map<std::string, MetadataValue, std::less<>>;

  GgufKeys(const Metadata& metadata, const std::filesystem::path& file)
      : metadata_(metadata), file_(file) {}

  const std::filesystem::path& file() const { return file_; }
  const MetadataValue* find(std::string_view key) const;

  /// The whole name of a key that belongs to the file's architecture: "block_count" is
  /// "llama.block_count".
  std::string own(std::string_view key) const;

  /// A whole number in [least, most]. An array counts as its value if all its elements are equal
  /// (some converters write one number per layer).
  std::optional<int64_t> integer(std::string_view key, int64_t least, int64_t most) const;
  /// The same, or an error that says the key is missing.
  int64_t required_integer(std::string_view key, int64_t least, int64_t most) const;
  /// The whole numbers of an array, or of a single one; true counts as 1.
  std::optional<std::vector<int64_t>> integers(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<std::string> string(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;

  /// Throws: the value of `key` is not `needed` ("a string").
  [[noreturn]] void refuse_value(std::string_view key, std::string_view needed) const;

 private:
  const Metadata& metadata_;
  const std::filesystem::path& file_;
};

}  // namespace nety::checkpoint
