// "for": items one by one, the condition on them asked when they are reached, as a generator does.
#include <fmt/core.h>

#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"

namespace nety::jinja {

Evaluator::Flow Evaluator::execute_for(const Statement& statement) {
  const Value over = evaluate(*statement.expressions[0]);
  Loop loop{.statement = &statement, .scope = scope_, .items = items_in(heap_, over)};
  return run_loop(*heap_.make<Loop>(loop));
}

/// The next item that meets the condition.
bool Evaluator::pull(Loop& loop, Value& value) {
  const Statement& statement = *loop.statement;
  const Expression* condition = statement.expressions[1];
  while (loop.next < loop.items.size()) {
    heap_.step();
    value = loop.items[loop.next++];
    if (condition == nullptr || loop.asked) return true;
    Scope* const before = scope_;
    scope_ = heap_.make<Scope>(loop.scope);
    assign(*statement.targets[0], value);
    const bool meets = truth(evaluate(*condition));
    scope_ = before;
    if (meets) return true;
  }
  return false;
}

bool Evaluator::peek(Loop& loop) {
  if (!loop.has_after) loop.has_after = pull(loop, loop.after);
  return loop.has_after;
}

bool Evaluator::advance(Loop& loop) {
  if (!peek(loop)) return false;
  loop.before = loop.current;
  loop.current = loop.after;
  loop.has_after = false;
  ++loop.index0;
  return true;
}

int64_t Evaluator::count(Loop& loop) {
  if (loop.counted) return loop.length;
  if (loop.statement->expressions[1] == nullptr) {
    loop.length = static_cast<int64_t>(loop.items.size());
  } else {
    // The condition is asked of those that are left, and not again.
    ValueList rest(heap_);
    for (Value value; pull(loop, value);) rest.add(value);
    loop.items = heap_.copy(rest.values());
    loop.next = 0;
    loop.asked = true;
    loop.length =
        static_cast<int64_t>(loop.items.size()) + loop.index0 + 1 + (loop.has_after ? 1 : 0);
  }
  loop.counted = true;
  return loop.length;
}

Evaluator::Flow Evaluator::run_loop(Loop& loop) {
  const Statement& statement = *loop.statement;
  Scope* const before = scope_;
  Value shown;
  shown.kind = Kind::kLoop;
  shown.loop = &loop;
  bool ran = false;
  Flow flow = Flow::kNext;
  while (advance(loop)) {
    ran = true;
    scope_ = heap_.make<Scope>(loop.scope, &statement.hidden[0]);
    scope_->set(heap_, "loop", shown);
    assign(*statement.targets[0], loop.current);
    flow = execute(statement.bodies[0]);
    scope_ = before;
    if (flow == Flow::kBreak) break;
  }
  flow = Flow::kNext;
  if (!ran && statement.bodies.size() > 1) {
    scope_ = heap_.make<Scope>(loop.scope, &statement.hidden[1]);
    flow = execute(statement.bodies[1]);
    scope_ = before;
  }
  return flow;
}

std::optional<Value> Evaluator::loop_attribute(Loop& loop, std::string_view name) {
  if (name == "index0") return of(loop.index0);
  if (name == "index") return of(loop.index0 + 1);
  if (name == "first") return of(loop.index0 == 0);
  if (name == "last") return of(!peek(loop));
  if (name == "length") return of(count(loop));
  if (name == "revindex0") return of(count(loop) - loop.index0 - 1);
  if (name == "revindex") return of(count(loop) - loop.index0);
  if (name == "depth0") return of(loop.depth0);
  if (name == "depth") return of(loop.depth0 + 1);
  if (name == "previtem")
    return loop.index0 == 0 ? undefined(heap_, "there is no previous item") : loop.before;
  if (name == "nextitem")
    return peek(loop) ? loop.after : undefined(heap_, "there is no next item");
  return std::nullopt;
}

Value Evaluator::call_loop(Loop& loop, const Arguments& arguments) {
  if (!loop.statement->recursive)
    fail("The loop must have the 'recursive' marker to be called recursively.");
  if (arguments.values.size() != 1 || !arguments.named.empty())
    fail("a loop is called with one value");
  Loop inner{.statement = loop.statement,
             .scope = loop.scope,
             .items = items_in(heap_, arguments.values[0]),
             .depth0 = loop.depth0 + 1};
  TextBuilder text(heap_);
  TextBuilder* const before = out_;
  out_ = &text;
  run_loop(*heap_.make<Loop>(inner));
  out_ = before;
  return text.finish();
}

}  // namespace nety::jinja
