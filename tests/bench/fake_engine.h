// An engine without a model: known logits, known times, and every way of failing, chosen by the
// name of the mode.
#pragma once

#include <memory>

#include "bench/engine.h"

namespace nety::bench {

/// Modes: "fp32" the reference; "bf16" twice as fast and close to it; "far" fast and far from it;
/// "nan" logits that are not numbers; "drift" other logits each time; "too_big", "bad_alloc",
/// "unsupported", "broken" fail to load; "slow_load" takes a quarter of an hour; "slow_text" is
/// slow where logits are read; "abort", "kill", "grow", "hang", "garbage", "quiet_exit" do so in
/// decode; "throws" throws in prefill.
std::unique_ptr<Engine> make_fake_engine(const EngineRequest& request);
/// The same with half as much time again for each step of decode.
std::unique_ptr<Engine> make_slower_fake_engine(const EngineRequest& request);

inline constexpr int64_t kFakeVocab = 50;

}  // namespace nety::bench
