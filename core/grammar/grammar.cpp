#include "core/grammar/grammar.h"

#include <nlohmann/json.hpp>

#include "core/grammar/gbnf.h"
#include "core/grammar/schema_compiler.h"
#include "core/grammar/value.h"

namespace nety::grammar {
namespace {

/// A value with white space before it, as models that begin with a space need.
Automaton of_rule(Builder& builder, JsonRules& rules, int32_t value) {
  const int32_t document = builder.rule("the document");
  const int32_t end = builder.state(document);
  builder.accept(end);
  builder.call(rules.spaced(builder.start_of(document)), value, end);
  return builder.finish(document, "there is no JSON");
}

}  // namespace

Grammar::Grammar(Automaton automaton, std::vector<std::string> notes)
    : automaton_(std::make_unique<const Automaton>(std::move(automaton))),
      notes_(std::move(notes)) {}
Grammar::Grammar(Grammar&&) noexcept = default;
Grammar& Grammar::operator=(Grammar&&) noexcept = default;
Grammar::~Grammar() = default;

Grammar Grammar::of_schema(const nlohmann::ordered_json& schema) {
  return of_schema_text(
      schema.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

Grammar Grammar::of_schema_text(std::string_view schema) {
  const Document document(schema);
  Builder builder;
  SchemaCompiler compiler(document.root(), builder);
  const int32_t root = compiler.compile(document.root());
  Automaton automaton = builder.finish(root, "JSON schema: no document is valid");
  return Grammar(std::move(automaton), std::move(compiler.notes()));
}

Grammar Grammar::any_json() {
  Builder builder;
  JsonRules rules(builder);
  return Grammar(of_rule(builder, rules, rules.value()), {});
}

Grammar Grammar::any_json_object() {
  Builder builder;
  JsonRules rules(builder);
  return Grammar(of_rule(builder, rules, rules.object()), {});
}

Grammar Grammar::of_gbnf(std::string_view grammar) {
  Builder builder;
  const int32_t root = add_gbnf(grammar, builder);
  return Grammar(builder.finish(root, "the grammar: its root has no text"), {});
}

}  // namespace nety::grammar
