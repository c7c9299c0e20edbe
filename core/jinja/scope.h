// Names and what they stand for, from the innermost scope outwards.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "core/jinja/value.h"

namespace nety::jinja {

class Scope {
 public:
  struct Binding {
    std::string_view name;
    Value value;
    Binding* next;
  };
  using Names = std::vector<std::string_view>;
  Scope* outer = nullptr;
  const Names* hidden = nullptr;  ///< Undefined here until they are set (scoping.h).
  Binding* first = nullptr;

  /// Null if no scope has it; an undefined value without a hint if one hides it.
  const Value* find(Heap& heap, std::string_view name) const {
    size_t looked_at = 0;
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      for (const Binding* one = scope->first; one != nullptr; one = one->next) {
        if (one->name == name) return &one->value;
        ++looked_at;
      }
      if (scope->hides(name)) return &kHidden;
      heap.step((std::exchange(looked_at, 0) + scope->hidden_names()) / 8);
    }
    return nullptr;
  }
  /// In this scope.
  void set(Heap& heap, std::string_view name, const Value& value) {
    size_t looked_at = 0;
    for (Binding* one = first; one != nullptr; one = one->next, ++looked_at)
      if (one->name == name) {
        one->value = value;
        return;
      }
    heap.step(looked_at / 8);
    first = heap.make<Binding>(name, value, first);
  }

 private:
  static constexpr Value kHidden = {};
  size_t hidden_names() const { return hidden == nullptr ? 0 : hidden->size(); }
  bool hides(std::string_view name) const {
    return hidden != nullptr && std::ranges::find(*hidden, name) != hidden->end();
  }
};

}  // namespace nety::jinja
