#include "tests/checkpoint/made_bitsandbytes.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/precision/four_bit.h"
#include "core/precision/mode.h"

namespace nety::checkpoint {
namespace {

using precision::Matrix;
using precision::MatrixView;

const float* floats_of(const MadeTensor& tensor) {
  return reinterpret_cast<const float*>(tensor.data.data());
}

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
MadeTensor column(const std::string& name, const char* dtype, const std::vector<T>& values) {
  return {name, dtype, {static_cast<int64_t>(values.size())}, raw(values)};
}

std::string module_name(const MadeTensor& weight) {
  return weight.name.substr(0, weight.name.size() - std::string_view(".weight").size());
}

bool is_linear(const MadeTensor& tensor) { return tensor.name.ends_with("_proj.weight"); }

}  // namespace

std::vector<MadeTensor> as_int8(const MadeTensor& weight) {
  const Matrix made = precision::quantise(precision::ModeId::int8, floats_of(weight),
                                          weight.shape[0], weight.shape[1]);
  return {{weight.name, "I8", weight.shape, raw(made.codes)},
          column(module_name(weight) + ".SCB", "F32", made.scales),
          {module_name(weight) + ".weight_format", "U8", {}, std::string(1, '\0')}};
}

std::vector<MadeTensor> as_four_bit(const MadeTensor& weight, std::string_view type, bool nested,
                                    int32_t block) {
  const precision::ModeId mode =
      precision::find_mode(std::string(type) + (nested ? "-dq" : ""))->id;
  const precision::ModeFunctions& functions = *precision::mode(mode).functions;
  Matrix made = precision::allocate_four_bit(mode, weight.shape[0], weight.shape[1], block);
  functions.quantise(floats_of(weight), 0, weight.shape[0], made);
  if (nested) functions.finish(made);
  std::string state =
      fmt::format(R"({{"quant_type": "{}", "blocksize": {}, "dtype": "float32", "shape": [{}, {}])",
                  type, block, weight.shape[0], weight.shape[1]);
  std::vector<MadeTensor> tensors = {
      {weight.name, "U8", {static_cast<int64_t>(made.codes.size()), 1}, raw(made.codes)},
      column(weight.name + ".quant_map", "F32", std::vector<float>(16))};
  if (nested) {
    tensors.push_back(column(weight.name + ".absmax", "U8", made.nested_codes));
    tensors.push_back(column(weight.name + ".nested_absmax", "F32", made.scales));
    const float* map = made.view.nested_map;
    tensors.push_back(
        column(weight.name + ".nested_quant_map", "F32", std::vector<float>(map, map + 256)));
    state +=
        fmt::format(R"(, "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": {})",
                    static_cast<double>(made.view.nested_offset));
  } else {
    tensors.push_back(column(weight.name + ".absmax", "F32", made.scales));
  }
  state += "}";
  tensors.push_back({weight.name + ".quant_state.bitsandbytes__" + std::string(type),
                     "U8",
                     {static_cast<int64_t>(state.size())},
                     state});
  return tensors;
}

std::vector<MadeTensor> quantised(const std::vector<MadeTensor>& tensors, std::string_view mode,
                                  int32_t block) {
  std::vector<MadeTensor> made;
  for (const MadeTensor& tensor : tensors) {
    if (!is_linear(tensor)) {
      made.push_back(tensor);
      continue;
    }
    const bool nested = mode.ends_with("-dq");
    for (MadeTensor& part :
         mode == "int8" ? as_int8(tensor) : as_four_bit(tensor, mode.substr(0, 3), nested, block))
      made.push_back(std::move(part));
  }
  // Aligned ones first, as safetensors itself sorts them.
  std::stable_sort(made.begin(), made.end(), [](const MadeTensor& a, const MadeTensor& b) {
    return (a.dtype == "F32") > (b.dtype == "F32");
  });
  return made;
}

MadeTensor& tensor_named(std::vector<MadeTensor>& tensors, std::string_view name) {
  return *std::find_if(tensors.begin(), tensors.end(),
                       [&](const MadeTensor& tensor) { return tensor.name == name; });
}

void drop(std::vector<MadeTensor>& tensors, std::string_view suffix) {
  std::erase_if(tensors, [&](const MadeTensor& tensor) { return tensor.name.ends_with(suffix); });
}

std::string bitsandbytes_config(std::string_view mode) {
  return fmt::format(R"("quantization_config": {{"quant_method": "bitsandbytes",
      "load_in_8bit": {}, "load_in_4bit": {}}})",
                     mode == "int8", mode != "int8");
}

}  // namespace nety::checkpoint
