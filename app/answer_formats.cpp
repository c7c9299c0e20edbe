#include "app/answer_formats.h"

#include "app/grammar_constraint.h"

namespace nety::app {
namespace {

grammar::Grammar grammar_of(const serve::AskedFormat& format) {
  return format.kind == serve::AskedFormat::Kind::kJsonSchema
             ? grammar::Grammar::of_schema_text(format.schema)
             : grammar::Grammar::any_json_object();
}

}  // namespace

serving::MakeConstraint AnswerFormats::constraint_of(const serve::AskedFormat& format) {
  const auto grammar = std::make_shared<const grammar::Grammar>(grammar_of(format));
  return [grammar, &words = vocabulary()] { return constrain(grammar, words); };
}

const grammar::Vocabulary& AnswerFormats::vocabulary() {
  std::call_once(made_, [this] {
    vocabulary_ = std::make_unique<const grammar::Vocabulary>(tokenizer_, end_ids_, rows_);
  });
  return *vocabulary_;
}

}  // namespace nety::app
