// Takes everything from the JSON and assumes nothing: block sizes other than 64 occur.
#include "core/checkpoint/quant_state.h"

#include <fmt/core.h>

#include <bit>
#include <cmath>

#include "core/checkpoint/config_check.h"
#include "core/checkpoint/json_file.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

constexpr int64_t kLeastBlock = 32, kMostBlock = 4096;
constexpr int64_t kMaxExtent = kMaxVocab;
constexpr size_t kMaxBytes = 65536;  // bitsandbytes writes about 200

void read_nested(const JsonObject& root, QuantState& state) {
  state.nested = root.has("nested_offset") || root.has("nested_blocksize");
  if (!state.nested) return;
  state.nested_block =
      static_cast<int32_t>(root.required_integer("nested_blocksize", 1, int64_t{1} << 20));
  const std::optional<double> offset = root.number("nested_offset");
  if (!offset) root.refuse_value("nested_offset", "a number");
  state.nested_offset = static_cast<float>(*offset);
  if (!std::isfinite(state.nested_offset)) root.refuse_value("nested_offset", "a finite number");
  if (root.string("nested_dtype").value_or("float32") != "float32")
    root.refuse_value("nested_dtype", "\"float32\"");
}

}  // namespace

bool is_legal_block(int64_t block) {
  return block >= kLeastBlock && block <= kMostBlock &&
         std::has_single_bit(static_cast<uint64_t>(block));
}

QuantState parse_quant_state(std::span<const std::byte> json, const std::filesystem::path& file,
                             std::string_view tensor) {
  if (json.size() > kMaxBytes)
    refuse(file, fmt::format("tensor {} has {} bytes; a quantisation state has about 200",
                             shown(tensor), json.size()));
  const std::string_view text(reinterpret_cast<const char*>(json.data()), json.size());
  const JsonFile parsed(fmt::format("{}: {}", file.string(), shown(tensor)), text);
  const JsonObject root = parsed.root();
  QuantState state;
  const std::optional<std::string> type = root.string("quant_type");
  if (type != "nf4" && type != "fp4") root.refuse_value("quant_type", "\"nf4\" or \"fp4\"");
  state.type = *type;
  const int64_t block = root.required_integer("blocksize", kLeastBlock, kMostBlock);
  if (!is_legal_block(block)) root.refuse_value("blocksize", "a power of two from 32 to 4096");
  state.block = static_cast<int32_t>(block);
  state.shape = root.integers("shape", 1, kMaxExtent);
  if (state.shape.size() != 2) root.refuse_value("shape", "a list of two whole numbers");
  read_nested(root, state);
  return state;
}

}  // namespace nety::checkpoint
