// bitsandbytes tensors made by tests, to be written whole or damaged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/checkpoint/made_files.h"

namespace nety::checkpoint {

/// "P.weight" F32 as I8 codes, "P.SCB" and "P.weight_format".
std::vector<MadeTensor> as_int8(const MadeTensor& weight);
/// "P.weight" F32 as packed codes and side tensors; `type` is "nf4" or "fp4".
std::vector<MadeTensor> as_four_bit(const MadeTensor& weight, std::string_view type, bool nested,
                                    int32_t block = 64);

/// A model whose linear layers (all but lm_head) are quantised: "int8", "nf4", "nf4-dq" ...
std::vector<MadeTensor> quantised(const std::vector<MadeTensor>& tensors, std::string_view mode,
                                  int32_t block = 64);

MadeTensor& tensor_named(std::vector<MadeTensor>& tensors, std::string_view name);
void drop(std::vector<MadeTensor>& tensors, std::string_view suffix);

/// quantization_config for config.json.
std::string bitsandbytes_config(std::string_view mode);

}  // namespace nety::checkpoint
