// The formats are those of transformers 5.23: integrations/finegrained_fp8.py and mxfp4.py. Older
// fp8 checkpoints (AutoFP8, quant_method "fp8" as well) have "weight_scale" and "input_scale".
#include "core/checkpoint/float_scales.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/rounding.h"
#include "core/checkpoint/refuse.h"
#include "core/precision/activation.h"

namespace nety::checkpoint {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kBlocks = "_blocks", kScales = "_scales";
constexpr std::string_view kFp8 = "F8_E4M3";
constexpr std::string_view kWeightScales[] = {"_scale_inv", "_scale"};
constexpr std::string_view kActivationScales[] = {".input_scale", ".activation_scale"};
constexpr int64_t kPairs = precision::kBlock / 2;  // bytes of a block

constexpr const char* kHintIncomplete =
    "The checkpoint is incomplete or damaged: download it again, or export it again.";

/// Finds tensors by name and removes those that have become part of others.
class Tensors {
 public:
  explicit Tensors(Builder& builder) : builder_(builder) {
    for (size_t i = 0; i < builder.tensors.size(); ++i) index_.emplace(builder.tensors[i].name, i);
  }
  const Tensor* find(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &builder_.tensors[found->second];
  }
  void remove(const std::string& name) { removed_.insert(name); }
  void fatal(std::string_view id, const Tensor& tensor, std::string what) {
    builder_.issues.add(id, Severity::kFatal, tensor.name, std::move(what), kHintIncomplete);
  }
  /// Afterwards this object is of no use.
  void finish() {
    index_.clear();
    std::erase_if(builder_.tensors,
                  [&](const Tensor& tensor) { return removed_.contains(tensor.name); });
  }

 private:
  Builder& builder_;
  std::unordered_map<std::string, size_t> index_;
  std::set<std::string, std::less<>> removed_;
};

/// How many rows and columns share a scale.
struct ScaleBlock {
  int64_t rows, cols;
};

/// As the configuration says, or as usual.
ScaleBlock stated_block(const std::array<int64_t, 2>& block) {
  return {block[0] > 0 ? block[0] : 128, block[1] > 0 ? block[1] : 128};
}

/// Nothing if scales of that shape belong to no weight of `rows` and `cols`.
std::optional<ScaleBlock> block_of(const Tensor& scales, int64_t rows, int64_t cols,
                                   const std::array<int64_t, 2>& block) {
  if (scales.elements() == 1) return ScaleBlock{rows, cols};
  if (scales.shape == std::vector<int64_t>{rows} ||
      (scales.shape == std::vector<int64_t>{rows, 1} && block[0] == 0))
    return ScaleBlock{1, cols};
  const ScaleBlock stated = stated_block(block);
  const std::vector<int64_t> needed{divide_up(rows, stated.rows), divide_up(cols, stated.cols)};
  if (scales.shape != needed) return std::nullopt;
  return stated;
}

std::optional<ScaleForm> form_of(std::string_view dtype) {
  if (dtype == "F32") return ScaleForm::kFloat;
  if (dtype == "F16") return ScaleForm::kHalf;
  if (dtype == "BF16") return ScaleForm::kBrain;
  return std::nullopt;
}

/// The scales beside a weight; null if there are none.
const Tensor* find_scales(const Tensors& tensors, const std::string& weight) {
  for (const std::string_view suffix : kWeightScales)
    if (const Tensor* scales = tensors.find(weight + std::string(suffix))) return scales;
  return nullptr;
}

void resolve_weight(Builder& builder, Tensor& weight, Tensors& tensors) {
  weight.mode = precision::ModeId::fp8;
  const Tensor* scales = find_scales(tensors, weight.name);
  if (scales == nullptr) {
    if (builder.quantization.method == "fp8")
      tensors.fatal(
          "fp8_without_scale", weight,
          fmt::format("fp8 weight {} has neither {} nor {}, its scales", described(weight),
                      shown(weight.name + "_scale_inv"), shown(weight.name + "_scale")));
    return;
  }
  const std::optional<ScaleForm> form = form_of(scales->dtype);
  const ScaleBlock stated = stated_block(builder.quantization.weight_block);
  const std::optional<ScaleBlock> block =
      block_of(*scales, weight.shape[0], weight.shape[1], builder.quantization.weight_block);
  if (!form || !block)
    return tensors.fatal(
        form ? "fp8_scale_wrong_shape" : "fp8_scale_wrong_type", weight,
        fmt::format("the scales {} do not belong to fp8 weight {}: one for the matrix, for each "
                    "row or for each block of {} x {}, in F32, F16 or BF16, is needed",
                    described(*scales), described(weight), stated.rows, stated.cols));
  SideTensors sides{.scales = scales->data, .form = *form};
  sides.block = static_cast<int32_t>(block->cols);
  sides.block_rows = static_cast<int32_t>(block->rows);
  weight.side_bytes = scales->data.size();
  tensors.remove(scales->name);
  builder.sides.emplace(weight.name, sides);
}

/// The shape of the weight of blocks [..., rows, cols / 32, 16]; empty if they have another form.
std::vector<int64_t> weight_shape(const Tensor& blocks, const Tensor& scales) {
  std::vector<int64_t> shape = blocks.shape;
  if (blocks.dtype != "U8" || scales.dtype != "U8" || shape.size() < 3 || shape.back() != kPairs)
    return {};
  shape.pop_back();
  if (scales.shape != shape) return {};
  shape.back() *= precision::kBlock;
  return shape;
}

}  // namespace

void join_mxfp4_tensors(Builder& builder) {
  Tensors tensors(builder);
  for (Tensor& blocks : builder.tensors) {
    if (!blocks.name.ends_with(kBlocks)) continue;
    const std::string name = blocks.name.substr(0, blocks.name.size() - kBlocks.size());
    const Tensor* scales = tensors.find(name + std::string(kScales));
    if (scales == nullptr) {
      tensors.fatal("mxfp4_without_scales", blocks,
                    fmt::format("MXFP4 weight {} has no {}, its exponents", described(blocks),
                                shown(name + std::string(kScales))));
      continue;
    }
    std::vector<int64_t> shape = weight_shape(blocks, *scales);
    if (shape.empty()) {
      tensors.fatal("mxfp4_wrong_shape", blocks,
                    fmt::format("{} and {} are not U8 [..., rows, columns / 32, 16] and the same "
                                "without the 16",
                                described(blocks), described(*scales)));
      continue;
    }
    tensors.remove(scales->name);
    builder.sides.emplace(name, SideTensors{.exponents = scales->data});
    blocks.name = name;
    blocks.dtype = "MXFP4";
    blocks.mode = precision::ModeId::mxfp4;
    blocks.shape = std::move(shape);
    blocks.side_bytes = scales->data.size();
  }
  tensors.finish();
}

void resolve_fp8(Builder& builder) {
  Tensors tensors(builder);
  for (Tensor& tensor : builder.tensors) {
    for (const std::string_view suffix : kActivationScales)
      if (tensor.name.ends_with(suffix)) tensors.remove(tensor.name);
    if (tensor.dtype == kFp8 && tensor.shape.size() == 2 && tensor.name.ends_with(kWeight))
      resolve_weight(builder, tensor, tensors);
  }
  tensors.finish();
}

void resolve_factors(Builder& builder) {
  constexpr std::string_view kFactor = ".scale", kInput = ".input_scale";
  Tensors tensors(builder);
  for (const Tensor& weight : builder.tensors) {
    if (!weight.stored_name.ends_with(kWeight)) continue;
    const std::string stem =
        weight.stored_name.substr(0, weight.stored_name.size() - kWeight.size());
    tensors.remove(stem + std::string(kInput));  // of activations
    const Tensor* factor = tensors.find(stem + std::string(kFactor));
    if (factor == nullptr) continue;
    const bool is_nvfp4 = weight.mode == precision::ModeId::nvfp4;
    if (!is_nvfp4 && factor->elements() != 1) continue;  // whatever it is, not a factor
    if (!is_nvfp4 || factor->dtype != "F32" || factor->elements() != 1)
      refuse(builder.files[factor->file].path(),
             fmt::format("tensor {} has the factor {}; one F32 for an NVFP4 matrix is supported",
                         described(weight), described(*factor)),
             "Use a file of the model in another type.");
    tensors.remove(factor->name);
    builder.sides.emplace(weight.name, SideTensors{.scales = factor->data});
  }
  tensors.finish();
}

}  // namespace nety::checkpoint
