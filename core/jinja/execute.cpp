// Statements.
#include <fmt/core.h>

#include "core/jinja/display.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/filters.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {

/// Text goes elsewhere for as long as it lives.
class Evaluator::Output {
 public:
  explicit Output(Evaluator& evaluator)
      : evaluator_(evaluator), text_(evaluator.heap_), before_(evaluator.out_) {
    evaluator.out_ = &text_;
  }
  ~Output() { evaluator_.out_ = before_; }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  Value text() const { return text_.finish(); }

 private:
  Evaluator& evaluator_;
  TextBuilder text_;
  TextBuilder* before_;
};

/// A scope inside `outer` for as long as it lives.
class Evaluator::Inner {
 public:
  Inner(Evaluator& evaluator, Scope* outer, const Statement& statement)
      : evaluator_(evaluator), before_(evaluator.scope_) {
    evaluator.scope_ = evaluator.heap_.make<Scope>(outer, &statement.hidden[0]);
  }
  Inner(Evaluator& evaluator, const Statement& statement)
      : Inner(evaluator, evaluator.scope_, statement) {}
  ~Inner() { evaluator_.scope_ = before_; }
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;

 private:
  Evaluator& evaluator_;
  Scope* before_;
};

void Evaluator::run(const Block& body, Scope& scope, TextBuilder& out) {
  scope_ = &scope;
  out_ = &out;
  execute(body);
}

Evaluator::Flow Evaluator::execute(const Block& block) {
  for (const Statement* statement : block) {
    const Flow flow = execute(*statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const Statement& statement) {
  using Is = Statement::Kind;
  const Heap::Level level(heap_);
  heap_.step();
  line_ = statement.line;
  switch (statement.kind) {
    case Is::kText:
      out_->add(statement.text);
      break;
    case Is::kOutput:
      for (const Expression* one : statement.expressions) {
        const Value value = evaluate(*one);
        line_ = statement.line;
        add_text(heap_, value, *out_);
      }
      break;
    case Is::kIf:
      return execute_if(statement);
    case Is::kFor:
      return execute_for(statement);
    case Is::kSet:
      assign(*statement.targets[0], evaluate(*statement.expressions[0]));
      break;
    case Is::kSetBlock:
      return execute_set_block(statement);
    case Is::kWith:
      return execute_with(statement);
    case Is::kMacro: {
      Value macro;
      macro.kind = Kind::kMacro;
      macro.macro = heap_.make<Macro>(statement.text, &statement, scope_);
      scope_->set(heap_, statement.text, macro);
      break;
    }
    case Is::kCallBlock:
      execute_call_block(statement);
      break;
    case Is::kFilterBlock:
      return execute_filter_block(statement);
    case Is::kGeneration: {
      const Inner inner(*this, statement);
      execute(statement.bodies[0]);
      break;
    }
    case Is::kBreak:
      return Flow::kBreak;
    case Is::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute_if(const Statement& statement) {
  for (size_t i = 0; i < statement.expressions.size(); ++i)
    if (truth(evaluate(*statement.expressions[i]))) return execute(statement.bodies[i]);
  const bool has_else = statement.bodies.size() > statement.expressions.size();
  return has_else ? execute(statement.bodies.back()) : Flow::kNext;
}

Evaluator::Flow Evaluator::execute_with(const Statement& statement) {
  ValueList values(heap_);
  for (const Expression* one : statement.expressions) values.add(evaluate(*one));
  const Inner inner(*this, statement);
  for (size_t i = 0; i < statement.targets.size(); ++i)
    assign(*statement.targets[i], values.values()[i]);
  return execute(statement.bodies[0]);
}

Evaluator::Flow Evaluator::execute_set_block(const Statement& statement) {
  Value text;
  {
    const Output output(*this);
    const Inner inner(*this, statement);
    const Flow flow = execute(statement.bodies[0]);
    if (flow != Flow::kNext) return flow;
    text = output.text();
    for (const Expression* filter : statement.expressions) text = apply_filters(*filter, text);
  }
  assign(*statement.targets[0], text);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute_filter_block(const Statement& statement) {
  Value text;
  {
    const Output output(*this);
    const Inner inner(*this, statement);
    const Flow flow = execute(statement.bodies[0]);
    if (flow != Flow::kNext) return flow;
    text = apply_filters(*statement.expressions[0], output.text());
  }
  add_text(heap_, text, *out_);
  return Flow::kNext;
}

/// The filters of a block, the innermost of which stands on nothing.
Value Evaluator::apply_filters(const Expression& filter, const Value& text) {
  const Expression* inner = filter.children[0];
  return evaluate_filter(filter, inner == nullptr ? text : apply_filters(*inner, text));
}

void Evaluator::execute_call_block(const Statement& statement) {
  const Expression& what = *statement.expressions[0];
  const Value callee = evaluate(*what.children[0]);
  Arguments arguments = evaluate_arguments(what.arguments);
  Value caller;
  caller.kind = Kind::kMacro;
  caller.macro = heap_.make<Macro>(std::string_view{}, &statement, scope_);
  arguments.named.push_back({"caller", caller});
  line_ = statement.line;
  add_text(heap_, call(callee, arguments), *out_);
}

void Evaluator::assign(const Expression& target, const Value& value) {
  heap_.step();
  if (target.kind == Expression::Kind::kName) {
    scope_->set(heap_, target.text, value);
    return;
  }
  if (target.kind == Expression::Kind::kTuple) {
    const std::span<const Value> values = items_in(heap_, value);
    if (values.size() != target.children.size())
      fail(fmt::format("{} values for {} names", values.size(), target.children.size()));
    for (size_t i = 0; i < values.size(); ++i) assign(*target.children[i], values[i]);
    return;
  }
  const Value* names = scope_->find(heap_, target.text);
  if (names == nullptr || !names->is(Kind::kNamespace))
    fail(fmt::format("{} is not a namespace", tokenizer::quote(target.text)));
  Namespace::Entry** end = &names->names->first;
  for (; *end != nullptr; end = &(*end)->next) {
    heap_.step();
    if ((*end)->name != target.field) continue;
    (*end)->value = value;
    return;
  }
  *end = heap_.make<Namespace::Entry>(target.field, value, nullptr);
}

Value Evaluator::call_macro(const Macro& macro, Arguments arguments) {
  const Inner inner(*this, macro.scope, *macro.statement);
  bind(macro, arguments);
  const Output output(*this);
  execute(macro.statement->bodies[0]);
  return output.text();
}

/// Gives a macro's names their values, as jinja2.runtime.Macro does.
void Evaluator::bind(const Macro& macro, Arguments& given) {
  const Statement& statement = *macro.statement;
  const Signature& signature = statement.signature;
  const size_t wanted = signature.names.size();
  const auto take_named = [&](std::string_view name, Value& value) {
    for (size_t i = 0; i < given.named.size(); ++i) {
      if (given.named[i].name != name) continue;
      value = given.named[i].value;
      given.named.erase(given.named.begin() + static_cast<ptrdiff_t>(i));
      return true;
    }
    return false;
  };
  for (size_t i = 0; i < wanted; ++i) {
    const std::string_view name = signature.names[i];
    Value value;
    const bool is_given = i < given.values.size() || take_named(name, value);
    if (i < given.values.size())
      value = given.values[i];
    else if (!is_given && i + signature.defaults.size() >= wanted)
      value = evaluate(*signature.defaults[i + signature.defaults.size() - wanted]);
    else if (!is_given)
      value = undefined(heap_, fmt::format("parameter '{}' was not provided", name));
    scope_->set(heap_, name, value);
  }
  if (statement.uses_caller) {
    Value caller;
    if (!take_named("caller", caller)) caller = undefined(heap_, "No caller defined");
    scope_->set(heap_, "caller", caller);
  }
  if (statement.uses_kwargs) {
    MappingBuilder mapping(heap_);
    for (const Arguments::Named& one : given.named) mapping.set(text(one.name), one.value);
    scope_->set(heap_, "kwargs", mapping.finish());
  } else if (!given.named.empty()) {
    fail(fmt::format("macro '{}' takes no keyword argument '{}'", macro.name, given.named[0].name));
  }
  const std::span<const Value> all(given.values);
  if (statement.uses_varargs)
    scope_->set(heap_, "varargs", tuple_of(heap_, all.subspan(std::min(wanted, all.size()))));
  else if (all.size() > wanted)
    fail(fmt::format("macro '{}' takes not more than {} argument(s)", macro.name, wanted));
}

}  // namespace nety::jinja
