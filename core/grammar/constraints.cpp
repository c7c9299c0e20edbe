#include "core/grammar/constraints.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "core/grammar/formats.h"
#include "core/grammar/keywords.h"
#include "core/grammar/refuse.h"

namespace nety::grammar {
namespace {

constexpr int32_t kLargestMultiple = 1000;

struct TypeName {
  std::string_view name;
  uint8_t bits;
};
constexpr auto kTypes = std::to_array<TypeName>({
    {"null", types::kNull},
    {"boolean", types::kBoolean},
    {"integer", types::kInteger},
    {"number", types::kInteger | types::kFraction},
    {"string", types::kString},
    {"array", types::kArray},
    {"object", types::kObject},
});

uint8_t bits_of(const Value& schema, const Value& name) {
  const auto known = std::ranges::find(kTypes, name.text, &TypeName::name);
  if (!name.is(Value::Kind::kString) || known == kTypes.end())
    refuse_keyword(schema, "type", "must be a type's name, or a list of them");
  return known->bits;
}

uint8_t types_of(const Value& schema) {
  const Value* type = schema.find("type");
  if (type == nullptr) return types::kAll;
  uint8_t bits = 0;
  if (type->is(Value::Kind::kArray))
    for (const Value* name : type->items) bits |= bits_of(schema, *name);
  else
    bits = bits_of(schema, *type);
  if (flag_of(schema, "nullable")) bits |= types::kNull;
  return bits;
}

Decimal bound_of(const Value& schema, std::string_view keyword, const Value& value) {
  if (!value.is_number()) refuse_keyword(schema, keyword, "must be a number");
  std::optional<Decimal> read = read_decimal(value.text, kLongestBound);
  if (!read) refuse_keyword(schema, keyword, fmt::format("has more than {} digits", kLongestBound));
  return *std::move(read);
}

void narrow_least(NumberRange& range, const Bound& bound) {
  const int order = range.least ? compare(bound.value, range.least->value) : 1;
  if (order > 0 || (order == 0 && bound.exclusive)) range.least = bound;
}

void narrow_most(NumberRange& range, const Bound& bound) {
  const int order = range.most ? compare(bound.value, range.most->value) : -1;
  if (order < 0 || (order == 0 && bound.exclusive)) range.most = bound;
}

void add_multiple(NumberRange& range, const Value& schema) {
  const Value* value = schema.find("multipleOf");
  if (value == nullptr) return;
  const Decimal factor = bound_of(schema, "multipleOf", *value);
  if (factor.negative || factor.zero()) refuse_keyword(schema, "multipleOf", "must be above 0");
  int64_t whole = 0;
  for (const char digit : factor.whole)
    whole = std::min<int64_t>(whole * 10 + (digit - '0'), kLargestMultiple + 1);
  const int64_t both = std::lcm(whole, int64_t{range.multiple});
  if (!factor.fraction.empty() || whole == 0 || both > kLargestMultiple)
    refuse_keyword(schema, "multipleOf",
                   fmt::format("can be honoured for integers up to {} only", kLargestMultiple));
  range.multiple = static_cast<int32_t>(both);
  range.integer = true;
}

/// minimum and the like; in draft 4 the exclusive ones are flags of the others.
void add_bounds(NumberRange& range, const Value& schema) {
  const auto flag = [&](std::string_view keyword) {
    const Value* value = schema.find(keyword);
    return value != nullptr && value->is(Value::Kind::kTrue);
  };
  if (const Value* value = schema.find("minimum"))
    narrow_least(range, {bound_of(schema, "minimum", *value), flag("exclusiveMinimum")});
  if (const Value* value = schema.find("maximum"))
    narrow_most(range, {bound_of(schema, "maximum", *value), flag("exclusiveMaximum")});
  if (const Value* value = schema.find("exclusiveMinimum"); value && !value->is_boolean())
    narrow_least(range, {bound_of(schema, "exclusiveMinimum", *value), true});
  if (const Value* value = schema.find("exclusiveMaximum"); value && !value->is_boolean())
    narrow_most(range, {bound_of(schema, "exclusiveMaximum", *value), true});
}

/// Formats that OpenAPI has for numbers. float and double say nothing about which are valid.
bool is_number_format(std::string_view format) {
  return format == "int32" || format == "int64" || format == "float" || format == "double";
}

void add_format(NumberRange& range, const Value& schema) {
  const Value* format = text_of(schema, "format");
  if (format == nullptr || !format->text.starts_with("int")) return;
  const bool narrow = format->text == "int32";
  if (!narrow && format->text != "int64") return;
  narrow_least(range, {*read_decimal(narrow ? "-2147483648" : "-9223372036854775808", 20)});
  narrow_most(range, {*read_decimal(narrow ? "2147483647" : "9223372036854775807", 20)});
}

constexpr auto kObjectKeywords = std::to_array<std::string_view>(
    {"properties", "required", "additionalProperties", "patternProperties", "propertyNames",
     "minProperties", "maxProperties"});
constexpr auto kArrayKeywords = std::to_array<std::string_view>(
    {"items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"});

}  // namespace

uint8_t types_of(Members members) {
  uint8_t bits = types::kAll;
  for (const Value* schema : members) bits &= types_of(*schema);
  return bits;
}

uint8_t type_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return types::kNull;
    case Value::Kind::kFalse:
    case Value::Kind::kTrue:
      return types::kBoolean;
    case Value::Kind::kInteger:
      return types::kInteger;
    case Value::Kind::kNumber: {
      const std::optional<Decimal> read = read_decimal(value.text, 1000);
      return read && read->fraction.empty() ? types::kInteger : types::kFraction;
    }
    case Value::Kind::kString:
      return types::kString;
    case Value::Kind::kArray:
      return types::kArray;
    case Value::Kind::kObject:
      return types::kObject;
  }
  return 0;
}

std::optional<std::vector<const Value*>> values_of(Members members, Conjoiner& conjoiner) {
  std::optional<std::vector<const Value*>> all;
  const auto narrow = [&](const std::vector<const Value*>& values) {
    if (!all) {
      conjoiner.work(values.size());
      all = values;
      return;
    }
    conjoiner.work(all->size() * values.size());
    std::erase_if(*all, [&](const Value* one) {
      return std::ranges::none_of(values, [&](const Value* other) { return equal(*one, *other); });
    });
  };
  for (const Value* schema : members) {
    if (const Value* list = list_of(*schema, "enum")) {
      if (list->items.empty()) refuse_keyword(*schema, "enum", "must not be empty");
      narrow(list->items);
    }
    if (const Value* value = schema->find("const")) narrow({value});
  }
  return all;
}

CharDfa TextConstraints::dfa() const {
  CharDfa made = CharDfa::of(patterns, where);
  return least == 0 && most == kUnbounded ? made : made.of_length(least, most, where);
}

TextConstraints text_constraints(Members members) {
  TextConstraints made;
  const auto add = [&](const Value& schema, std::string_view keyword, std::string_view pattern) {
    const std::string where = fmt::format("JSON schema: {}/{}", pointer_of(schema), keyword);
    if (made.where.empty()) made.where = where;
    if (made.patterns.size() + 1 >= CharDfa::kMostPatterns)
      refuse_keyword(schema, keyword, "is one pattern too many for one text");
    made.patterns.push_back(read_pattern(pattern, where));
  };
  for (const Value* schema : members) {
    made.least = std::max(made.least, count_of(*schema, "minLength", 0));
    made.most = std::min(made.most, count_of(*schema, "maxLength", kUnbounded));
    if (const Value* pattern = text_of(*schema, "pattern")) add(*schema, "pattern", pattern->text);
    const Value* format = text_of(*schema, "format");
    if (format != nullptr && !is_number_format(format->text)) {
      const std::string pattern = pattern_of_format(format->text);
      if (pattern.empty())
        refuse_keyword(
            *schema, "format",
            fmt::format("{} is not known; known are {}", shown(format->text), known_formats()));
      add(*schema, "format", pattern);
    }
  }
  return made;
}

NumberRange number_range(Members members) {
  NumberRange range;
  for (const Value* schema : members) {
    add_bounds(range, *schema);
    add_multiple(range, *schema);
    add_format(range, *schema);
  }
  return range;
}

int64_t characters_in(std::string_view text) {
  return std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; });
}

bool any_has(Members members, std::span<const std::string_view> keywords) {
  return std::ranges::any_of(members, [&](const Value* schema) {
    return std::ranges::any_of(
        keywords, [&](std::string_view keyword) { return schema->find(keyword) != nullptr; });
  });
}

std::span<const std::string_view> object_keywords() { return kObjectKeywords; }
std::span<const std::string_view> array_keywords() { return kArrayKeywords; }

}  // namespace nety::grammar
