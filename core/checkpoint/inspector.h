// What is wrong with a checkpoint: what its headers show, and what only its values show.
//
// Issue ids, fatal: int8_without_scb scb_wrong_type scb_wrong_length weight_format_not_row
// weight_format_unknown weight_missing absmax_missing absmax_wrong nested_scales_wrong
// packed_size_wrong quant_state_missing quant_state_damaged storage_unsupported incomplete
// scales_not_finite. Repaired: absmax_transposed absmax_widened. Elsewhere: bnb_wrong_on_avx512
// bnb_crash_on_avx512_bf16 int8_without_config four_bit_without_config int8_fp16_weight
// quant_map_missing. Notes: block_not_64 storage_not_u8 quantised_head config_without_quantised
// unaligned.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/issue.h"

namespace nety::checkpoint {

/// Everything that Checkpoint::open would refuse or note about known kinds of damage, gravest
/// first, without stopping at the first. "incomplete" stands for a tensor that is missing or does
/// not fit the configuration. Errors as Checkpoint::open has them for files whose headers or
/// config.json cannot be read at all.
std::vector<Issue> inspect(const std::filesystem::path& path);

/// Reads the scales of every quantised weight: "scales_not_finite" for those with an infinite,
/// negative or NaN row scale (int8: such a row is lost) or absmax.
std::vector<Issue> inspect_values(const Checkpoint& checkpoint);

/// Throws kCheckpoint if a scale of `matrix` is infinite, NaN or negative. Checkpoint::matrix()
/// calls it for each quantised weight, so every load does. `name` and `file` are for the message.
void check_scales(const precision::MatrixView& matrix, std::string_view name,
                  const std::filesystem::path& file);

}  // namespace nety::checkpoint
