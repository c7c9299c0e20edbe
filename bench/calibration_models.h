// The models that a calibration runs: each shows one cost best.
#pragma once

#include "core/checkpoint/config.h"
#include "core/precision/mode.h"

namespace nety::bench {

/// One layer whose weights stay in the cores' own caches in most modes.
checkpoint::ModelConfig tiny_model();
/// Layers as small as those of the smallest models that people use: barriers weigh most.
checkpoint::ModelConfig small_model(int64_t layers);
/// Layers of a model of four billion weights.
checkpoint::ModelConfig large_model(int64_t layers);
/// One layer for prompts, of a model of one billion weights.
checkpoint::ModelConfig prompt_model();
/// Much attention beside few weights.
checkpoint::ModelConfig attention_model();
/// A mixture of many small experts.
checkpoint::ModelConfig mixture_model();

/// Bytes of the matrices of one layer of large_model() in a mode.
double bytes_of_large_layer(precision::ModeId mode);
/// How many layers of large_model() have about that many bytes in a mode; 1 to 16.
int64_t layers_of_bytes(precision::ModeId mode, double bytes);

}  // namespace nety::bench
