// A grammar as what narrows an answer: core/grammar knows no engine, and the engine no grammar.
#pragma once

#include <memory>

#include "core/engine/constraint.h"
#include "core/grammar/grammar.h"
#include "core/grammar/vocabulary.h"

namespace nety::app {

/// What follows one answer. It keeps the grammar; the vocabulary outlives it.
std::unique_ptr<engine::Constraint> constrain(std::shared_ptr<const grammar::Grammar> grammar,
                                              const grammar::Vocabulary& vocabulary);

}  // namespace nety::app
