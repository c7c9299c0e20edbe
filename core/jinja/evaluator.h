// Runs a tree: expressions to values (evaluate.cpp), statements to text (execute.cpp).
#pragma once

#include <ctime>
#include <string>

#include "core/jinja/loop.h"
#include "core/jinja/macro.h"
#include "core/jinja/operators.h"
#include "core/jinja/scope.h"
#include "core/jinja/syntax.h"
#include "core/jinja/text.h"

namespace nety::jinja {

class Evaluator {
 public:
  Evaluator(Heap& heap, const std::tm& now) : heap_(heap), now_(now), out_(nullptr) {}

  Heap& heap() { return heap_; }
  const std::tm& now() const { return now_; }
  /// Where it is, for messages.
  int line() const { return line_; }

  /// Runs a template with its variables in `scope`. Error: Failure.
  void run(const Block& body, Scope& scope, TextBuilder& out);

  Value evaluate(const Expression& expression);
  Value call(const Value& callee, const Arguments& arguments);
  /// value.name and value[key], as the sandbox of Jinja allows; undefined where there is none.
  Value attribute(const Value& value, std::string_view name);
  Value item(const Value& value, const Value& key);
  /// What a loop shows as its attributes; nothing for other names.
  std::optional<Value> loop_attribute(Loop& loop, std::string_view name);
  Value text(std::string_view bytes) { return text_of(heap_, bytes); }

 private:
  enum class Flow : uint8_t { kNext, kBreak, kContinue };
  class Output;
  class Inner;

  Value evaluate_name(const Expression& expression);
  Value evaluate_slice(const Expression& expression);
  Value evaluate_compare(const Expression& expression);
  Value evaluate_condition(const Expression& expression);
  Value evaluate_filter(const Expression& expression, const Value& value);
  Value apply_filters(const Expression& filter, const Value& text);
  Value evaluate_test(const Expression& expression);
  Value evaluate_items(const Expression& expression);
  Value evaluate_dict(const Expression& expression);
  Value evaluate_concatenation(const Expression& expression);
  Arguments evaluate_arguments(const CallArguments& given);

  Flow execute(const Block& block);
  Flow execute(const Statement& statement);
  Flow execute_if(const Statement& statement);
  Flow execute_for(const Statement& statement);
  Flow execute_with(const Statement& statement);
  Flow execute_set_block(const Statement& statement);
  Flow execute_filter_block(const Statement& statement);
  void execute_call_block(const Statement& statement);
  void assign(const Expression& target, const Value& value);

  Flow run_loop(Loop& loop);
  bool pull(Loop& loop, Value& value);
  bool advance(Loop& loop);
  bool peek(Loop& loop);
  int64_t count(Loop& loop);
  Value call_loop(Loop& loop, const Arguments& arguments);
  Value call_macro(const Macro& macro, Arguments arguments);
  void bind(const Macro& macro, Arguments& arguments);

  Heap& heap_;
  std::tm now_;
  Scope* scope_ = nullptr;
  TextBuilder* out_;
  int line_ = 1;
};

}  // namespace nety::jinja
