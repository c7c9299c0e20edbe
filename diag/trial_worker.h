// The worker of trials: answers the questions of trial_protocol.h.
#pragma once

#include "diag/trial.h"

namespace nety::diag {

/// Answers questions from `input` until it ends; returns the exit code.
int answer_questions(int input, int output, const BackendFactory& make_backend);
/// The hidden command `nety worker trial`.
int worker_main();

}  // namespace nety::diag
