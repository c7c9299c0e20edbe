// Arrays: items by place, then items that are alike. The rule's counter counts both.
#include <algorithm>

#include "core/grammar/keywords.h"
#include "core/grammar/refuse.h"
#include "core/grammar/schema_compiler.h"

namespace nety::grammar {
namespace {

/// What one schema says about items.
struct Items {
  std::vector<const Value*> by_place;
  const Value* others = nullptr;  // null: anything
};

Items items_of(const Value& schema) {
  Items made;
  const Value* items = schema.find("items");
  const Value* prefix = list_of(schema, "prefixItems");
  if (prefix != nullptr) made.by_place = prefix->items;
  if (items != nullptr && items->is(Value::Kind::kArray)) {  // until draft 2019-09
    if (prefix != nullptr) refuse_keyword(schema, "items", "must be a schema beside prefixItems");
    made.by_place = items->items;
    made.others = schema.find("additionalItems");
  } else {
    made.others = items;
  }
  return made;
}

class ArrayRule {
 public:
  ArrayRule(SchemaCompiler& compiler, Members members)
      : compiler_(compiler), builder_(compiler.builder()) {
    for (const Value* schema : members) {
      items_.push_back(items_of(*schema));
      places_ = std::max(places_, items_.back().by_place.size());
      least_ = std::max(least_, count_of(*schema, "minItems", 0));
      most_ = std::min(most_, count_of(*schema, "maxItems", kUnbounded));
      if (unique_ == nullptr && flag_of(*schema, "uniqueItems")) unique_ = schema;
    }
    if (unique_ != nullptr && most_ > 1)
      refuse_keyword(*unique_, "uniqueItems", "items cannot be kept apart while text is made");
  }

  int32_t add() {
    rule_ = builder_.rule("an array", least_, most_);
    if (least_ > most_) return rule_;
    end_ = builder_.state(rule_);
    builder_.accept(end_);
    const int32_t open = builder_.state(rule_);
    builder_.byte(builder_.start_of(rule_), '[', open);
    int32_t before = compiler_.rules().spaced(open);
    if (least_ == 0) builder_.byte(before, ']', end_);
    const auto bounded = static_cast<size_t>(most_);
    size_t place = 0;
    for (; place < places_ && place < bounded; ++place) {
      const int32_t after = builder_.state(rule_);
      builder_.call(before, item(place), after, Guard::kCount);
      if (place + 1 >= static_cast<size_t>(least_)) close(after, Guard::kFree);
      before = comma(after);
    }
    if (place < bounded) add_loop(before);
    return rule_;
  }

 private:
  void add_loop(int32_t before) {
    const int32_t after = builder_.state(rule_), again = comma(after);
    const int32_t each = item(places_);
    for (const int32_t from : {before, again}) builder_.call(from, each, after, Guard::kCount);
    close(after, Guard::kEnough);
  }

  void close(int32_t from, Guard guard) {
    // White space that no bracket may follow would be the end of the road.
    builder_.byte(compiler_.rules().spaced(from, guard), ']', end_);
  }

  /// The state behind a comma: an item must follow.
  int32_t comma(int32_t from) {
    const int32_t to = builder_.state(rule_);
    builder_.byte(from, ',', to, Guard::kRoom);
    return compiler_.rules().spaced(to);
  }

  int32_t item(size_t place) {
    Conjunction all;
    for (const Items& items : items_) {
      const Value* schema = place < items.by_place.size() ? items.by_place[place] : items.others;
      if (schema != nullptr) compiler_.conjoiner().add(*schema, all);
    }
    return compiler_.rule_of(std::move(all));
  }

  SchemaCompiler& compiler_;
  Builder& builder_;
  std::vector<Items> items_;
  size_t places_ = 0;
  int32_t least_ = 0, most_ = kUnbounded;
  const Value* unique_ = nullptr;
  int32_t rule_ = 0, end_ = 0;
};

}  // namespace

int32_t array_rule(SchemaCompiler& compiler, Members members) {
  if (!any_has(members, array_keywords())) return compiler.rules().array();
  return ArrayRule(compiler, members).add();
}

}  // namespace nety::grammar
