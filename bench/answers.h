// Before the speed of another engine counts: does it give the same answers? Its greedy answers to
// pieces of text, token by token against what our engine would have said after the same text.
#pragma once

#include <functional>

#include "bench/contender.h"
#include "bench/engine.h"
#include "bench/plan.h"
#include "bench/run.h"

namespace nety::bench {

/// Fewer common choices than this are another model, or a broken one: half of a language's tokens
/// are easy to guess.
inline constexpr double kSameModel = 0.5;

/// The prompts: `count` pieces of the evaluation text.
inline constexpr int64_t kAnswerPrompts = 8, kAnswerPromptTokens = 48, kAnswerTokens = 32;

/// Sets `answers` of every contender of the request that can be asked now; one that fails is told
/// to the observer.
void check_answers(BenchRequest& request, Observer& observer);

/// One contender, against the worker that `own` starts, loaded with `reference`.
AnswerCheck check_answers(const Contender& contender, const EngineRequest& reference,
                          const measure::WorkerCommand& own, double limit_s,
                          const std::function<bool()>& interrupted);

}  // namespace nety::bench
