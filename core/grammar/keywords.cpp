#include "core/grammar/keywords.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/grammar/automaton.h"
#include "core/grammar/decimal.h"
#include "core/grammar/refuse.h"

namespace nety::grammar {
namespace {

struct Keyword {
  std::string_view name;
  Treatment treatment;
};

constexpr auto kKeywords = std::to_array<Keyword>({
#define KEYWORD(name, treatment) {name, Treatment::treatment},
#include "core/grammar/keywords.def"
#undef KEYWORD
});

const Keyword* find_keyword(std::string_view name) {
  const auto place = std::ranges::find(kKeywords, name, &Keyword::name);
  return place == kKeywords.end() ? nullptr : &*place;
}

const Value* of_kind(const Value& schema, std::string_view keyword, Value::Kind kind,
                     std::string_view what) {
  const Value* value = schema.find(keyword);
  if (value != nullptr && !value->is(kind))
    refuse_keyword(schema, keyword, fmt::format("must be {}", what));
  return value;
}

}  // namespace

void refuse_keyword(const Value& schema, std::string_view keyword, std::string_view what) {
  refuse(fmt::format("JSON schema: {}/{}: {}", pointer_of(schema), keyword, what),
         "docs/structured.md lists what schemas may have.");
}

void check_keywords(const Value& schema) {
  for (const Value::Member& member : schema.members) {
    if (member.name.starts_with("x-")) continue;
    const Keyword* keyword = find_keyword(member.name);
    if (keyword == nullptr)
      refuse(fmt::format("JSON schema: {} has the keyword {}, which is not known",
                         pointer_of(schema), shown(member.name)),
             "Correct or remove it; names of one's own begin with \"x-\".");
    if (keyword->treatment == Treatment::kRefuse)
      refuse_keyword(schema, member.name, "this keyword cannot be honoured while text is made");
    // It changes what references below it mean.
    if (member.name == "$id" && schema.parent != nullptr)
      refuse_keyword(schema, member.name, "only the whole schema may have a name of its own");
  }
}

bool asserts(const Value& schema) {
  return std::ranges::any_of(schema.members, [](const Value::Member& member) {
    const Keyword* keyword = find_keyword(member.name);
    return keyword != nullptr && keyword->treatment == Treatment::kAssert;
  });
}

const Value* list_of(const Value& schema, std::string_view keyword) {
  return of_kind(schema, keyword, Value::Kind::kArray, "a list");
}

const Value* object_of(const Value& schema, std::string_view keyword) {
  return of_kind(schema, keyword, Value::Kind::kObject, "an object");
}

const Value* text_of(const Value& schema, std::string_view keyword) {
  return of_kind(schema, keyword, Value::Kind::kString, "a string");
}

int32_t count_of(const Value& schema, std::string_view keyword, int32_t otherwise) {
  const Value* value = schema.find(keyword);
  if (value == nullptr) return otherwise;
  std::optional<Decimal> number;
  if (value->is_number()) number = read_decimal(value->text, 1000);
  if (!number || number->negative || !number->fraction.empty())
    refuse_keyword(schema, keyword, "must be an integer from 0");
  int64_t count = 0;
  for (const char digit : number->whole)
    count = std::min<int64_t>(count * 10 + (digit - '0'), kUnbounded);
  return static_cast<int32_t>(count);
}

bool flag_of(const Value& schema, std::string_view keyword) {
  const Value* value = schema.find(keyword);
  if (value == nullptr) return false;
  if (!value->is_boolean()) refuse_keyword(schema, keyword, "must be true or false");
  return value->is(Value::Kind::kTrue);
}

}  // namespace nety::grammar
