// The formats are those of bitsandbytes 0.50.2: Linear8bitLt's and Linear4bit's state dicts and
// QuantState.as_dict in functional.py.
#include "core/checkpoint/bitsandbytes.h"

#include <fmt/core.h>

#include <set>
#include <unordered_map>

#include "core/base/error.h"
#include "core/base/rounding.h"
#include "core/checkpoint/bitsandbytes_hints.h"
#include "core/checkpoint/bitsandbytes_notes.h"
#include "core/checkpoint/quant_state.h"
#include "core/checkpoint/refuse.h"
#include "core/checkpoint/safetensors.h"

namespace nety::checkpoint {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kState = ".quant_state.bitsandbytes__";
constexpr std::string_view kFourBitSides[] = {".absmax", ".quant_map", ".nested_absmax",
                                              ".nested_quant_map"};
constexpr int64_t kMapSize = 256;

/// Reads a builder's tensors and changes none of them before apply().
class Resolver {
 public:
  explicit Resolver(Builder& builder) : builder_(builder) {
    for (size_t i = 0; i < builder.tensors.size(); ++i) index_.emplace(builder.tensors[i].name, i);
  }

  void run() {
    for (Tensor& tensor : builder_.tensors) {
      if (tensor.dtype == "I8" && tensor.name.ends_with(kWeight))
        resolve_int8(tensor);
      else if (const size_t at = tensor.name.find(kState); at != std::string::npos)
        resolve_four_bit(tensor, at);
      else
        check_lonely_side(tensor);
    }
    check_packed_without_state();
    note_config(builder_.quantization, int8_, four_bit_, builder_.issues);
    apply();
  }

 private:
  Tensor* find(const std::string& name) {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &builder_.tensors[found->second];
  }
  /// Finds a tensor and marks it as part of a weight; null if there is none.
  const Tensor* consume(const std::string& name) {
    Tensor* tensor = find(name);
    if (tensor != nullptr) used_.insert(tensor->name);
    return tensor;
  }
  void fatal(std::string_view id, const Tensor& tensor, std::string what, std::string_view hint) {
    builder_.issues.add(id, Severity::kFatal, tensor.name, std::move(what), hint);
  }

  void resolve_int8(Tensor& weight);
  void resolve_four_bit(const Tensor& state_tensor, size_t state_at);
  bool read_state(const Tensor& state_tensor, const Tensor& weight, std::string_view suffix,
                  QuantState& state);
  bool check_packed_size(const Tensor& weight, const QuantState& state);
  bool read_plain_scales(const Tensor& weight, const Tensor& absmax, const QuantState& state,
                         SideTensors& sides);
  bool read_nested_scales(const Tensor& weight, const Tensor& absmax, const QuantState& state,
                          SideTensors& sides);
  void check_lonely_side(const Tensor& tensor);
  void check_packed_without_state();
  void apply();

  Builder& builder_;
  std::unordered_map<std::string_view, size_t> index_;
  std::set<std::string, std::less<>> used_;  // side tensors
  struct Resolved {
    size_t index;
    precision::ModeId mode;
    std::vector<int64_t> shape;
    SideTensors sides;
    size_t side_bytes;
  };
  std::vector<Resolved> resolved_;
  int int8_ = 0, four_bit_ = 0;
};

void Resolver::resolve_int8(Tensor& weight) {
  ++int8_;
  const std::string module(module_of(weight.name));
  const Tensor* scb = consume(module + ".SCB");
  const Tensor* format = consume(module + ".weight_format");
  if (weight.shape.size() != 2) return;  // check_tensors says what shape it should have
  const int64_t rows = weight.shape[0];
  if (scb == nullptr)
    return fatal("int8_without_scb", weight,
                 fmt::format("int8 weight {} has no {} (F32 [{}], its row scales), without which "
                             "its codes cannot be decoded",
                             described(weight), shown(module + ".SCB"), rows),
                 kHintWithoutScb);
  if (scb->dtype != "F32" || scb->shape != std::vector<int64_t>{rows})
    return fatal(scb->dtype != "F32" ? "scb_wrong_type" : "scb_wrong_length", weight,
                 fmt::format("the row scales {} of int8 weight {} must be F32 [{}]",
                             described(*scb), described(weight), rows),
                 kHintIncomplete);
  if (format != nullptr && (format->dtype != "U8" || format->data.size() != 1))
    return fatal("weight_format_unknown", weight,
                 fmt::format("{} must be one U8", described(*format)), kHintIncomplete);
  if (format != nullptr && format->data[0] != std::byte{0})
    return fatal("weight_format_not_row", weight,
                 fmt::format("{} is {}: the codes of int8 weight {} lie in a GPU's order, not row "
                             "by row",
                             shown(format->stored_name), static_cast<int>(format->data[0]),
                             described(weight)),
                 kHintWeightFormat);
  const size_t format_bytes = format == nullptr ? 0 : format->data.size();
  resolved_.push_back({index_.at(weight.name), precision::find_mode("int8")->id, weight.shape,
                       SideTensors{.scales = scb->data}, scb->data.size() + format_bytes});
  note_head(weight, "int8", builder_.issues);
}

bool Resolver::read_state(const Tensor& state_tensor, const Tensor& weight, std::string_view suffix,
                          QuantState& state) {
  try {
    const std::filesystem::path& file = builder_.files[state_tensor.file].path();
    if (state_tensor.dtype != "U8") {
      fatal("quant_state_damaged", weight,
            fmt::format("{} must be the U8 bytes of a JSON text", described(state_tensor)),
            kHintIncomplete);
      return false;
    }
    state = parse_quant_state(state_tensor.data, file, state_tensor.stored_name);
  } catch (const Error& error) {
    fatal("quant_state_damaged", weight, error.what(), kHintIncomplete);
    return false;
  }
  if (state.type == suffix) return true;
  fatal("quant_state_damaged", weight,
        fmt::format("{} says that its quant_type is \"{}\"", shown(state_tensor.stored_name),
                    state.type),
        kHintIncomplete);
  return false;
}

bool Resolver::check_packed_size(const Tensor& weight, const QuantState& state) {
  const int64_t bits = safetensors_bits(weight.dtype);
  const int64_t bytes = divide_up(state.shape[0] * state.shape[1], 2);
  if (bits < 8) {
    fatal("storage_unsupported", weight,
          fmt::format("4-bit weight {} is stored in a type of {} bits", described(weight), bits),
          kHintRequantise);
    return false;
  }
  if (static_cast<int64_t>(weight.data.size()) == bytes) return true;
  fatal(
      "packed_size_wrong", weight,
      fmt::format("4-bit weight {} has {} bytes; {} weights of shape {} take {}", described(weight),
                  weight.data.size(), state.type, shape_text(state.shape), bytes),
      kHintIncomplete);
  return false;
}

bool Resolver::read_plain_scales(const Tensor& weight, const Tensor& absmax,
                                 const QuantState& state, SideTensors& sides) {
  const int64_t rows = state.shape[0];
  const int64_t cols = state.shape[1];
  const int64_t blocks = divide_up(rows * cols, state.block);
  const bool flat = absmax.elements() == blocks && absmax.shape.size() == 1;
  const bool transposed = absmax.dtype == "BF16" && cols % state.block == 0 &&
                          absmax.shape == std::vector<int64_t>{cols / state.block, rows};
  sides.scales = absmax.data;
  if (flat && absmax.dtype == "F32") return true;
  if (transposed) {
    sides.form = ScaleForm::kBrainTransposed;
    builder_.issues.add("absmax_transposed", Severity::kRepaired, weight.name,
                        fmt::format("the scales {} were left transposed and in bfloat16 by "
                                    "bitsandbytes, which does so to a model that was run on a CPU "
                                    "with AVX512_BF16 before it was saved; they are put right when "
                                    "read, and remain rounded to bfloat16",
                                    described(absmax)),
                        kHintTransposed);
    return true;
  }
  if (flat && (absmax.dtype == "F16" || absmax.dtype == "BF16")) {
    sides.form = absmax.dtype == "F16" ? ScaleForm::kHalf : ScaleForm::kBrain;
    builder_.issues.add("absmax_widened", Severity::kRepaired, weight.name,
                        fmt::format("the scales {} are not F32; they are widened, and remain as "
                                    "rounded as they are",
                                    described(absmax)),
                        kHintRequantise);
    return true;
  }
  fatal("absmax_wrong", weight,
        fmt::format("the scales {} of 4-bit weight {} {} in blocks of {} must be F32 [{}]",
                    described(absmax), shown(weight.stored_name), shape_text(state.shape),
                    state.block, blocks),
        kHintIncomplete);
  return false;
}

bool Resolver::read_nested_scales(const Tensor& weight, const Tensor& absmax,
                                  const QuantState& state, SideTensors& sides) {
  const Tensor* nested = consume(weight.name + ".nested_absmax");
  const Tensor* map = consume(weight.name + ".nested_quant_map");
  const int64_t blocks = divide_up(state.shape[0] * state.shape[1], state.block);
  const auto is = [](const Tensor* tensor, std::string_view dtype, int64_t count) {
    return tensor != nullptr && tensor->dtype == dtype && tensor->shape.size() == 1 &&
           tensor->shape[0] == count;
  };
  std::string wrong;
  if (!is(&absmax, "U8", blocks))
    wrong = fmt::format("{} must be U8 [{}]", described(absmax), blocks);
  else if (!state.nested)
    wrong = "its quant_state does not say how (nested_blocksize, nested_offset)";
  else if (const int64_t count = divide_up(blocks, state.nested_block); !is(nested, "F32", count))
    wrong =
        fmt::format("{} must be F32 [{}]",
                    nested == nullptr ? "the missing nested_absmax" : described(*nested), count);
  else if (!is(map, "F32", kMapSize))
    wrong = fmt::format("{} must be F32 [256]",
                        map == nullptr ? "the missing nested_quant_map" : described(*map));
  if (!wrong.empty()) {
    fatal("nested_scales_wrong", weight,
          fmt::format("the scales of 4-bit weight {} are quantised themselves, but {}",
                      shown(weight.stored_name), wrong),
          kHintIncomplete);
    return false;
  }
  sides.scales = nested->data;
  sides.nested_codes = absmax.data;
  sides.nested_map = map->data;
  sides.nested_offset = state.nested_offset;
  sides.nested_block = state.nested_block;
  return true;
}

void Resolver::resolve_four_bit(const Tensor& state_tensor, size_t state_at) {
  ++four_bit_;
  used_.insert(state_tensor.name);
  const std::string name = state_tensor.name.substr(0, state_at);
  const std::string suffix = state_tensor.name.substr(state_at + kState.size());
  Tensor* weight = find(name);
  if (weight == nullptr)
    return fatal("weight_missing", state_tensor,
                 fmt::format("{} belongs to a weight {} that is missing",
                             shown(state_tensor.stored_name), shown(name)),
                 kHintIncomplete);
  const Tensor* absmax = consume(name + ".absmax");
  const Tensor* quant_map = consume(name + ".quant_map");
  QuantState state;
  if (!read_state(state_tensor, *weight, suffix, state) || !check_packed_size(*weight, state))
    return;
  if (absmax == nullptr)
    return fatal("absmax_missing", *weight,
                 fmt::format("4-bit weight {} has no {}, its block scales", described(*weight),
                             shown(name + ".absmax")),
                 kHintIncomplete);
  SideTensors sides;
  sides.block = state.block;
  const bool nested =
      state.nested || absmax->dtype == "U8" || find(name + ".nested_absmax") != nullptr;
  if (nested ? !read_nested_scales(*weight, *absmax, state, sides)
             : !read_plain_scales(*weight, *absmax, state, sides))
    return;
  if (quant_map == nullptr)
    builder_.issues.add(
        "quant_map_missing", Severity::kElsewhere, name,
        fmt::format("4-bit weight {} has no {}", described(*weight), shown(name + ".quant_map")),
        kHintQuantMap);
  size_t side_bytes = state_tensor.data.size() + absmax->data.size();
  if (quant_map != nullptr) side_bytes += quant_map->data.size();
  if (nested) side_bytes += sides.scales.size() + sides.nested_map.size();
  const precision::Mode* mode = precision::find_mode(suffix + (nested ? "-dq" : ""));
  resolved_.push_back({index_.at(name), mode->id, state.shape, sides, side_bytes});
  note_four_bit(*weight, state, builder_.issues);
}

/// A scale tensor whose weight has no quant_state.
void Resolver::check_lonely_side(const Tensor& tensor) {
  for (const std::string_view side : kFourBitSides) {
    if (!tensor.name.ends_with(side)) continue;
    const std::string name = tensor.name.substr(0, tensor.name.size() - side.size());
    const Tensor* weight = find(name);
    const bool has_state = find(name + std::string(kState) + "nf4") != nullptr ||
                           find(name + std::string(kState) + "fp4") != nullptr;
    if (weight == nullptr || has_state) return;
    used_.insert(tensor.name);
    if (side == kFourBitSides[0])
      fatal("quant_state_missing", *weight,
            fmt::format("4-bit weight {} has no quant_state tensor, which holds its shape and "
                        "block size",
                        described(*weight)),
            kHintIncomplete);
  }
}

/// Packed codes whose scales and state are all missing.
void Resolver::check_packed_without_state() {
  for (const Tensor& tensor : builder_.tensors) {
    const bool packed = tensor.dtype == "U8" && tensor.shape.size() == 2 && tensor.shape[1] == 1 &&
                        tensor.name.ends_with(kWeight);
    if (!packed || find(tensor.name + ".absmax") != nullptr) continue;
    if (find(tensor.name + std::string(kState) + "nf4") != nullptr) continue;
    if (find(tensor.name + std::string(kState) + "fp4") != nullptr) continue;
    fatal("quant_state_missing", tensor,
          fmt::format("{} looks like a packed 4-bit weight, but absmax, quant_map and quant_state "
                      "are all missing",
                      described(tensor)),
          kHintIncomplete);
  }
}

void Resolver::apply() {
  for (Resolved& one : resolved_) {
    Tensor& weight = builder_.tensors[one.index];
    weight.mode = one.mode;
    weight.shape = std::move(one.shape);
    weight.side_bytes = one.side_bytes;
    builder_.sides.emplace(weight.name, one.sides);
  }
  index_.clear();
  std::erase_if(builder_.tensors,
                [&](const Tensor& tensor) { return used_.count(tensor.name) != 0; });
}

}  // namespace

std::string_view module_of(std::string_view weight_name) {
  return weight_name.substr(0, weight_name.size() - kWeight.size());
}

void resolve_bitsandbytes(Builder& builder) { Resolver(builder).run(); }

}  // namespace nety::checkpoint
