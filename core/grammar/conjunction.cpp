#include "core/grammar/conjunction.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "core/grammar/keywords.h"
#include "core/grammar/limits.h"
#include "core/grammar/refuse.h"

namespace nety::grammar {
namespace {

bool contains(const std::vector<const Value*>& list, const Value* value) {
  return std::ranges::find(list, value) != list.end();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A fragment of a URI, "%25" read as "%".
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

void Conjoiner::work(size_t steps) {
  steps_ += static_cast<int64_t>(steps);
  if (steps_ > kMostSteps) refuse_large("JSON schema: its parts combine in too many ways");
}

const Value& Conjoiner::referred(const Value& schema) const {
  const std::string& target = text_of(schema, "$ref")->text;
  if (!target.starts_with('#'))
    refuse_keyword(
        schema, "$ref",
        fmt::format("{} is outside of this schema; only \"#...\" can be followed", shown(target)));
  const Value* found = resolve(root_, percent_decoded(target.substr(1)));
  if (found == nullptr)
    refuse_keyword(schema, "$ref", fmt::format("there is nothing at {}", shown(target)));
  return *found;
}

const Value& Conjoiner::behind_references(const Value& schema) const {
  const Value* at = &schema;
  for (int32_t i = 0; i < kDeepestSource; ++i) {
    if (!at->is(Value::Kind::kObject) || at->find("$ref") == nullptr || asserts(*at)) break;
    at = &referred(*at);
  }
  return *at;
}

void Conjoiner::add(const Value& schema, Conjunction& into, std::vector<const Value*> chain) {
  work(1 + into.seen.size() + chain.size());
  if (schema.is(Value::Kind::kTrue)) return;
  if (schema.is(Value::Kind::kFalse)) {
    into.never = true;
    return;
  }
  if (!schema.is(Value::Kind::kObject))
    refuse(fmt::format("JSON schema: {} is no schema", pointer_of(schema)),
           "A schema is an object, true or false.");
  if (contains(chain, &schema))
    refuse(fmt::format("JSON schema: {} refers to itself without anything in between",
                       pointer_of(schema)),
           "Put the reference into a property or an item.");
  if (contains(into.seen, &schema)) return;
  if (std::ssize(chain) >= kDeepestSource)
    refuse_large(fmt::format("JSON schema: {} is behind more than {} references",
                             pointer_of(schema), kDeepestSource));
  check_keywords(schema);
  into.seen.push_back(&schema);
  if (asserts(schema)) into.members.push_back(&schema);
  chain.push_back(&schema);
  if (text_of(schema, "$ref") != nullptr) add(referred(schema), into, chain);
  if (const Value* all = list_of(schema, "allOf"))
    for (const Value* part : all->items) add(*part, into, chain);
  for (const char* keyword : {"anyOf", "oneOf"}) {
    const Value* ways = list_of(schema, keyword);
    if (ways == nullptr) continue;
    if (ways->items.empty()) refuse_keyword(schema, keyword, "must not be empty");
    into.choices.push_back({ways, chain});
  }
}

Conjunction Conjoiner::choose(const Conjunction& from, const Value& way) {
  work(from.seen.size() + from.choices.size());
  Conjunction made = from;
  const std::vector<const Value*> chain = made.choices.front().chain;
  made.choices.erase(made.choices.begin());
  add(way, made, chain);
  return made;
}

}  // namespace nety::grammar
