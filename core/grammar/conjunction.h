// Schemas that must all hold for one value. $ref and allOf are followed; of anyOf and oneOf one way
// is to be chosen.
#pragma once

#include <cstdint>
#include <vector>

#include "core/grammar/value.h"

namespace nety::grammar {

struct Conjunction {
  struct Choice {
    const Value* ways;                ///< The list of an anyOf or oneOf.
    std::vector<const Value*> chain;  ///< The schemas that led to it.
  };
  std::vector<const Value*> members;  ///< Schemas whose own keywords must hold, as they came.
  std::vector<const Value*> seen;     ///< These and the ones without keywords of their own.
  std::vector<Choice> choices;
  bool never = false;  ///< One of them is `false`.
};

class Conjoiner {
 public:
  explicit Conjoiner(const Value& root) : root_(root) {}

  /// Adds a schema. Errors: kUsage for what cannot be honoured, for references that lead nowhere or
  /// to themselves, and beyond limits.h.
  void add(const Value& schema, Conjunction& into) { add(schema, into, {}); }
  /// `from` without its first choice, for which the given way is taken.
  Conjunction choose(const Conjunction& from, const Value& way);
  /// Counts steps, for others who work on the same schema.
  void work(size_t steps);
  /// Follows a chain of schemas that are references only.
  const Value& behind_references(const Value& schema) const;

 private:
  void add(const Value& schema, Conjunction& into, std::vector<const Value*> chain);
  const Value& referred(const Value& schema) const;

  const Value& root_;
  int64_t steps_ = 0;
};

}  // namespace nety::grammar
