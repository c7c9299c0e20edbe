// Answers bound to JSON, to a schema or to a grammar: options, and a constraint per answer.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/command.h"
#include "core/engine/constraint.h"
#include "core/grammar/grammar.h"
#include "core/grammar/vocabulary.h"
#include "core/tokenizer/tokenizer.h"

namespace nety::app {

struct StructuredOptions {
  bool json_object = false;
  std::string schema, grammar;  ///< Files.

  void declare(Arguments& arguments);
  bool given() const { return json_object || !schema.empty() || !grammar.empty(); }
  /// The grammar that they ask for, or none; a notice says what is honoured only in part. Errors:
  /// kUsage (more than one, or what cannot be honoured), kIo.
  std::optional<grammar::Grammar> read(const Context& context) const;
};

/// A grammar with the tokens of one model.
class Structure {
 public:
  /// `rows`: how many ids the model has. `end_ids` end an answer.
  Structure(grammar::Grammar grammar, const tokenizer::Tokenizer& tokenizer,
            std::span<const int32_t> end_ids, int32_t rows)
      : grammar_(std::make_shared<const grammar::Grammar>(std::move(grammar))),
        vocabulary_(tokenizer, end_ids, rows) {}

  /// For one answer, from its beginning. The structure outlives it.
  std::unique_ptr<engine::Constraint> constraint() const;

 private:
  std::shared_ptr<const grammar::Grammar> grammar_;
  grammar::Vocabulary vocabulary_;
};

}  // namespace nety::app
