// The GGUF container (ggml-org/ggml, docs/gguf.md), versions 2 and 3, little-endian: header,
// metadata and tensor table. gguf_model.cpp knows what the names in it mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace nety::checkpoint {

/// A row of ggml_types.def.
struct GgmlType {
  uint32_t id;
  std::string_view name;  ///< "Q4_1"
  int64_t block;          ///< Weights per block.
  int64_t bytes;          ///< Bytes per block.
};

/// The type of that number, or null.
const GgmlType* find_ggml_type(uint32_t id);

/// One line of the tensor table, checked against the file.
struct GgufTensor {
  std::string name;
  const GgmlType* type = nullptr;
  std::vector<int64_t> shape;  ///< Outermost first (the file has it innermost first).
  size_t begin = 0;            ///< From the start of the file.
  size_t bytes = 0;
  size_t file = 0;  ///< Of a split GGUF: which part has it.
};

struct GgufFile {
  uint32_t version = 0;
  std::map<std::string, MetadataValue, std::less<>> metadata;
  std::vector<GgufTensor> tensors;  ///< In the file's order.
};

enum class GgufParts : uint8_t { kAll, kMetadata };

/// True if the file begins as a GGUF does.
bool looks_like_gguf(std::span<const std::byte> bytes);

/// Reads the tables of a GGUF held in `bytes`; with kMetadata the tensor table is left unread.
/// `file` is for messages. Unsigned scalars become uint64_t, signed ones int64_t, floats double;
/// arrays of arrays are skipped, texts in arrays point into `bytes`. Error: kCheckpoint, naming
/// file, key or tensor, and value.
GgufFile parse_gguf(std::span<const std::byte> bytes, const std::filesystem::path& file,
                    GgufParts parts = GgufParts::kAll);

}  // namespace nety::checkpoint
