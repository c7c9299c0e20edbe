// Whether the ways of a oneOf exclude each other, as far as that is easily told.
#include <algorithm>

#include "core/grammar/keywords.h"
#include "core/grammar/schema_compiler.h"

namespace nety::grammar {
namespace {

/// The values that a schema allows, where it lists them.
std::vector<const Value*> listed(const Value& schema) {
  if (const Value* value = schema.find("const")) return {value};
  const Value* list = schema.find("enum");
  return list != nullptr && list->is(Value::Kind::kArray) ? list->items
                                                          : std::vector<const Value*>();
}

bool lists_apart(const Value& a, const Value& b) {
  const std::vector<const Value*> left = listed(a), right = listed(b);
  if (left.empty() || right.empty() || left.size() * right.size() > 10'000) return false;
  return std::ranges::none_of(left, [&](const Value* one) {
    return std::ranges::any_of(right, [&](const Value* other) { return equal(*one, *other); });
  });
}

bool requires_name(const Value& schema, std::string_view name) {
  const Value* list = schema.find("required");
  return list != nullptr && std::ranges::any_of(list->items, [&](const Value* item) {
           return item->is(Value::Kind::kString) && item->text == name;
         });
}

bool only_objects(const Value& schema) {
  const Value* type = schema.find("type");
  return type != nullptr && type->is(Value::Kind::kString) && type->text == "object";
}

/// Some property that both require has listed values, none of them in both.
bool told_by_property(const Conjoiner& conjoiner, const Value& a, const Value& b) {
  const Value* left = object_of(a, "properties");
  const Value* right = object_of(b, "properties");
  if (left == nullptr || right == nullptr || !only_objects(a) || !only_objects(b)) return false;
  return std::ranges::any_of(left->members, [&](const Value::Member& member) {
    const Value* other = right->find(member.name);
    if (other == nullptr || !requires_name(a, member.name) || !requires_name(b, member.name))
      return false;
    const Value& one = conjoiner.behind_references(*member.value);
    const Value& two = conjoiner.behind_references(*other);
    return one.is(Value::Kind::kObject) && two.is(Value::Kind::kObject) && lists_apart(one, two);
  });
}

uint8_t possible_types(const Value& schema) {
  const Value* const one[] = {&schema};
  uint8_t bits = types_of(one);
  const std::vector<const Value*> values = listed(schema);
  if (values.empty()) return bits;
  uint8_t found = 0;
  for (const Value* value : values) found |= type_of(*value);
  return bits & found;
}

}  // namespace

bool exclude_each_other(const Conjoiner& conjoiner, const Value& a, const Value& b) {
  const Value& left = conjoiner.behind_references(a);
  const Value& right = conjoiner.behind_references(b);
  if (left.is(Value::Kind::kFalse) || right.is(Value::Kind::kFalse)) return true;
  if (!left.is(Value::Kind::kObject) || !right.is(Value::Kind::kObject)) return false;
  return (possible_types(left) & possible_types(right)) == 0 || lists_apart(left, right) ||
         told_by_property(conjoiner, left, right);
}

}  // namespace nety::grammar
