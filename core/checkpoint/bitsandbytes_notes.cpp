// Combinations that are legal, or right in the file and wrong only in other programs. Which of them
// matter on this CPU is for diag to judge.
#include "core/checkpoint/bitsandbytes_notes.h"

#include <fmt/core.h>

#include "core/checkpoint/bitsandbytes_hints.h"
#include "core/checkpoint/refuse.h"

namespace nety::checkpoint {
namespace {

void note_elsewhere(const Tensor& weight, const QuantState& state, IssueList& issues) {
  const int64_t rows = state.shape[0];
  const int64_t cols = state.shape[1];
  const auto add = [&](std::string_view id, std::string_view effect, std::string_view hint) {
    issues.add(id, Severity::kElsewhere, weight.name,
               fmt::format("the file is fine and runs correctly here, but bitsandbytes 0.50.2 {} "
                           "for {} {} in blocks of {}",
                           effect, shown(weight.stored_name), shape_text(state.shape), state.block),
               hint);
  };
  constexpr int32_t kLeastTorchBlock = 2048;  // from here on it uses PyTorch instead
  if (cols % 16 == 0 && cols % state.block != 0 && state.block < kLeastTorchBlock)
    add("bnb_wrong_on_avx512",
        "computes wrong values on a CPU with AVX-512 (in_features is a multiple of 16 but not of "
        "the block)",
        kHintAvx512);
  if (rows % 32 != 0 || cols % state.block != 0)
    add("bnb_crash_on_avx512_bf16",
        "raises an error on a CPU with AVX512_BF16 (out_features must be a multiple of 32, "
        "in_features of the block)",
        kHintAvx512Bf16);
}

}  // namespace

void note_four_bit(const Tensor& weight, const QuantState& state, IssueList& issues) {
  note_elsewhere(weight, state, issues);
  const std::string name = shown(weight.stored_name);
  const auto note = [&](std::string_view id, std::string what) {
    issues.add(id, Severity::kNote, weight.name, std::move(what), kHintLegal);
  };
  if (state.block != 64)
    note("block_not_64", fmt::format("{} has blocks of {}, not the usual 64", name, state.block));
  if (weight.dtype != "U8")
    note("storage_not_u8",
         fmt::format("the codes of {} are stored as {}; they are read as raw bytes", name,
                     weight.dtype));
  note_head(weight, state.type, issues);
}

void note_head(const Tensor& weight, std::string_view mode, IssueList& issues) {
  if (weight.slot == Slot::output)
    issues.add("quantised_head", Severity::kNote, weight.name,
               fmt::format("lm_head is quantised too ({})", mode), kHintLegal);
}

void note_config(const QuantizationHint& hint, int int8, int four_bit, IssueList& issues) {
  const auto elsewhere = [&](std::string_view id, std::string what, std::string_view advice) {
    issues.add(id, Severity::kElsewhere, {}, std::move(what), advice);
  };
  if (hint.method.empty() && int8 > 0)
    elsewhere("int8_without_config",
              fmt::format("{} weights are int8, but config.json has no quantization_config; "
                          "transformers 5.23 would take the codes for weights without an error",
                          int8),
              kHintConfig);
  if (hint.method.empty() && four_bit > 0)
    elsewhere("four_bit_without_config",
              fmt::format("{} weights are 4-bit, but config.json has no quantization_config; "
                          "transformers 5.23 refuses their shapes",
                          four_bit),
              kHintConfig);
  if (hint.has_fp16_weight && int8 == 0)
    elsewhere("int8_fp16_weight",
              "config.json has llm_int8_has_fp16_weight, so the weights are plain floats; "
              "transformers 5.23 cannot load them with it",
              kHintFp16Weight);
  if (hint.method == "bitsandbytes" && int8 + four_bit == 0 && !hint.has_fp16_weight)
    issues.add("config_without_quantised", Severity::kNote, {},
               "config.json has a quantization_config, but no tensor is quantised", kHintLegal);
}

}  // namespace nety::checkpoint
