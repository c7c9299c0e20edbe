#include "app/structured.h"

#include "app/console.h"
#include "app/grammar_constraint.h"
#include "app/input.h"
#include "core/base/error.h"

namespace nety::app {

void StructuredOptions::declare(Arguments& arguments) {
  arguments.flag("--json-object", json_object, "The answer is a JSON object");
  arguments.text("--json-schema", schema, "The answer is JSON of the schema in this file");
  arguments.text("--grammar", grammar, "The answer is a text of the grammar (GBNF) in this file");
}

std::optional<grammar::Grammar> StructuredOptions::read(const Context& context) const {
  if (!given()) return std::nullopt;
  if (int{json_object} + int{!schema.empty()} + int{!grammar.empty()} > 1)
    throw Error(ErrorKind::kUsage, "--json-object, --json-schema and --grammar exclude each other",
                "Give one of them.");
  if (json_object) return grammar::Grammar::any_json_object();
  if (!grammar.empty()) return grammar::Grammar::of_gbnf(read_text(grammar));
  grammar::Grammar made = grammar::Grammar::of_schema_text(read_text(schema));
  for (const std::string& note : made.notes()) notice(context, note);
  return made;
}

std::unique_ptr<engine::Constraint> Structure::constraint() const {
  return constrain(grammar_, vocabulary_);
}

}  // namespace nety::app
