// Answers on the sequences of an engine: one engine::Generation for each.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/engine/engine.h"
#include "core/engine/generation.h"
#include "core/serving/runner.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::serving {

/// Takes all of the engine's sequences. The engine and the tokenizer outlive it.
class EngineRunner final : public Runner {
 public:
  EngineRunner(engine::Engine& engine, const tokenizer::Tokenizer& tokenizer);

  size_t sequences() const override { return sequences_.size(); }
  std::span<const int32_t> tokens(size_t sequence) const override;
  bool can_copy() const override { return true; }
  void start(const Start& start) override;
  std::vector<Made> step(std::span<const Work> work) override;
  void end(size_t sequence) override;

 private:
  Made take(const Work& work, const engine::Piece& piece, double step_s);

  engine::Engine& engine_;
  const tokenizer::Tokenizer& tokenizer_;
  std::vector<engine::Sequence> sequences_;
  std::vector<std::unique_ptr<engine::Constraint>> constraints_;  // [sequences], null without
  std::vector<std::optional<engine::Generation>> answers_;        // [sequences]
};

}  // namespace nety::serving
