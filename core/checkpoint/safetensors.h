// The safetensors container (huggingface/safetensors, "Format"): eight bytes of header length, a
// JSON header, data. Read as strictly as the reference implementation does.
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

namespace nety::checkpoint {

/// One tensor of the header, checked against the file.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;  ///< "F32", "BF16", "I8" ...
  std::vector<int64_t> shape;
  size_t begin = 0, end = 0;  ///< From the start of the file.
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;                     ///< In the order of their data.
  std::map<std::string, std::string, std::less<>> metadata;  ///< "__metadata__"
};

/// Reads the header of the file held in `bytes`; `file` is for messages. Checked: the header's
/// length, JSON of the right form, known dtypes, size = product of shape x bytes per element, data
/// that begins at 0, leaves no hole, does not overlap and ends where the file ends, no name twice.
/// Error: kCheckpoint naming file, tensor and value.
SafetensorsHeader parse_safetensors(std::span<const std::byte> bytes,
                                    const std::filesystem::path& file);

/// Bits per element of a safetensors dtype; 0 if there is no such type.
int64_t safetensors_bits(std::string_view dtype);

}  // namespace nety::checkpoint
