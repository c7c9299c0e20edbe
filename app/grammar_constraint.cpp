#include "app/grammar_constraint.h"

#include <fmt/core.h>

#include "core/base/error.h"
#include "core/grammar/matcher.h"

namespace nety::app {
namespace {

class GrammarConstraint final : public engine::Constraint {
 public:
  GrammarConstraint(std::shared_ptr<const grammar::Grammar> grammar,
                    const grammar::Vocabulary& vocabulary)
      : grammar_(std::move(grammar)), matcher_(*grammar_, vocabulary) {}

  void mask(std::span<uint64_t> allowed) override { matcher_.mask(allowed); }
  void accept(int32_t token) override {
    if (!matcher_.accept(token))
      throw Error(ErrorKind::kInternal,
                  fmt::format("token {} came although the grammar does not allow it", token));
  }

 private:
  std::shared_ptr<const grammar::Grammar> grammar_;
  grammar::Matcher matcher_;
};

}  // namespace

std::unique_ptr<engine::Constraint> constrain(std::shared_ptr<const grammar::Grammar> grammar,
                                              const grammar::Vocabulary& vocabulary) {
  return std::make_unique<GrammarConstraint>(std::move(grammar), vocabulary);
}

}  // namespace nety::app
