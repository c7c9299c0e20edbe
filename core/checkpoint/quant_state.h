// The JSON that bitsandbytes stores beside each 4-bit weight: "quant_state.bitsandbytes__nf4".
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nety::checkpoint {

struct QuantState {
  std::string type;  ///< "nf4" or "fp4"
  int32_t block = 0;
  std::vector<int64_t> shape;  ///< Of the weight before it was packed; two extents.
  bool nested = false;
  int32_t nested_block = 0;
  float nested_offset = 0;
};

/// Block sizes that bitsandbytes has kernels for: powers of two from 32 to 4096.
bool is_legal_block(int64_t block);

/// Reads the tensor's bytes. Error: kCheckpoint naming `file`, tensor and key.
QuantState parse_quant_state(std::span<const std::byte> json, const std::filesystem::path& file,
                             std::string_view tensor);

}  // namespace nety::checkpoint
