// What narrows an answer to a form: the tokens that may come next, told as a mask.
#pragma once

#include <cstdint>
#include <span>

namespace nety::engine {

/// Follows one answer. A grammar implements it (core/grammar); tests do.
class Constraint {
 public:
  virtual ~Constraint() = default;
  /// Sets the bit of every token that may come next and clears the others: token i is bit i % 64 of
  /// word i / 64. The tokens that end an answer are among them where it may end.
  virtual void mask(std::span<uint64_t> allowed) = 0;
  /// That token came: one of those that may.
  virtual void accept(int32_t token) = 0;
};

}  // namespace nety::engine
