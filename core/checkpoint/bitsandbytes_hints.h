// What to do about each known trouble with bitsandbytes checkpoints, as seen with bitsandbytes
// 0.50.2 and transformers 5.23.
#pragma once

namespace nety::checkpoint {

inline constexpr const char* kHintIncomplete =
    "The checkpoint is incomplete or damaged: export it again, or quantise again from the original "
    "weights (nety quantize).";
inline constexpr const char* kHintWithoutScb =
    "The checkpoint is incomplete: export it again, or quantise again from the original weights "
    "(nety quantize). transformers 5.23 fails on it with KeyError: 'SCB'; the message "
    "\"'Int8Params' object has no attribute 'SCB'\" has other known causes, such as offloading "
    "when memory is short.";
inline constexpr const char* kHintRequantise =
    "Quantise again from the original weights (nety quantize).";
inline constexpr const char* kHintWeightFormat =
    "It was saved by bitsandbytes before 0.45 on a GPU: save it again there with a newer version, "
    "or quantise again from the original weights (nety quantize).";
inline constexpr const char* kHintTransposed =
    "To have a whole file again, save the model before its first forward, or quantise again from "
    "the original weights (nety quantize).";
inline constexpr const char* kHintQuantMap =
    "Nothing is needed here; bitsandbytes refuses the file. nety quantize writes a complete one.";
inline constexpr const char* kHintAvx512 =
    "With bitsandbytes use a GPU, or a model that leaves this layer unquantised "
    "(llm_int8_skip_modules).";
inline constexpr const char* kHintAvx512Bf16 =
    "With bitsandbytes set support_avx512bf16_for_cpu = False on the layer, or leave the layer "
    "unquantised (llm_int8_skip_modules).";
inline constexpr const char* kHintConfig =
    "Nothing is needed here. For transformers, put quantization_config back into config.json.";
inline constexpr const char* kHintFp16Weight =
    "Nothing is needed here. For transformers, remove quantization_config from config.json.";
inline constexpr const char* kHintScales =
    "The weights were not finite when they were quantised, or the file is damaged: quantise again "
    "from the original weights (nety quantize).";
inline constexpr const char* kHintLegal = "Nothing is needed.";

}  // namespace nety::checkpoint
