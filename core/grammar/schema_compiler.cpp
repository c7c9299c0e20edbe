#include "core/grammar/schema_compiler.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/grammar/keywords.h"
#include "core/grammar/refuse.h"
#include "core/grammar/text_pattern.h"

namespace nety::grammar {
namespace {

/// Texts from a state to another; what they begin with in common is there once.
class TextTrie {
 public:
  TextTrie(Builder& builder, int32_t from, int32_t to) : builder_(builder), from_(from), to_(to) {}

  void add(std::string_view text) {
    int32_t at = from_;
    for (const char byte : text) {
      const auto [place, is_new] = children_.try_emplace({at, byte}, -1);
      if (is_new) {
        place->second = builder_.state(builder_.rule_of(from_));
        builder_.byte(at, byte, place->second);
      }
      at = place->second;
    }
    builder_.epsilon(at, to_);
  }

 private:
  Builder& builder_;
  int32_t from_, to_;
  std::map<std::pair<int32_t, char>, int32_t> children_;
};

std::string scalar_text(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kFalse:
      return "false";
    case Value::Kind::kTrue:
      return "true";
    case Value::Kind::kString:
      return json_string(value.text);
    default:
      return value.text;
  }
}

/// An array or object as it stands in the schema, with white space where it may be; the state
/// behind it.
int32_t add_compound(JsonRules& rules, int32_t from, const Value& value) {
  Builder& builder = rules.builder();
  const bool list = value.is(Value::Kind::kArray);
  if (!list && !value.is(Value::Kind::kObject)) return builder.literal(from, scalar_text(value));
  const size_t count = list ? value.items.size() : value.members.size();
  int32_t at = rules.spaced(builder.literal(from, list ? "[" : "{"));
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) at = rules.spaced(builder.literal(at, ","));
    if (!list) at = rules.colon(builder.literal(at, json_string(value.members[i].name)));
    at = add_compound(rules, at, list ? *value.items[i] : *value.members[i].value);
  }
  if (count > 0) at = rules.spaced(at);
  return builder.literal(at, list ? "]" : "}");
}

}  // namespace

int32_t SchemaCompiler::compile(const Value& root) {
  Conjunction whole;
  conjoiner_.add(root, whole);
  const int32_t value = rule_of(std::move(whole));
  const int32_t document = builder_.rule("the document");
  const int32_t end = builder_.state(document);
  builder_.call(rules_.spaced(builder_.start_of(document)), value, end);
  builder_.accept(end);
  while (!jobs_.empty()) {
    const Job job = std::move(jobs_.back());
    jobs_.pop_back();
    build(job);
  }
  return document;
}

int32_t SchemaCompiler::rule_of(Conjunction conjunction) {
  if (!conjunction.never && conjunction.members.empty() && conjunction.choices.empty())
    return rules_.value();
  std::vector<const Value*> key = conjunction.members;
  key.push_back(nullptr);
  for (const Conjunction::Choice& choice : conjunction.choices) key.push_back(choice.ways);
  if (conjunction.never) key.assign(2, nullptr);
  conjoiner_.work(key.size());
  const auto [place, is_new] = known_.try_emplace(std::move(key), -1);
  if (!is_new) return place->second;
  const Value* first = conjunction.seen.empty() ? nullptr : conjunction.seen.front();
  const int32_t rule = builder_.rule(first != nullptr ? pointer_of(*first) : "a value");
  place->second = rule;
  if (!conjunction.never) jobs_.push_back({rule, std::move(conjunction)});
  return rule;
}

void SchemaCompiler::build(const Job& job) {
  if (!job.conjunction.choices.empty()) return add_ways(job);
  const Members members = job.conjunction.members;
  const uint8_t bits = types_of(members);
  if (const auto values = values_of(members, conjoiner_)) return add_values(job, *values);
  add_types(job, bits);
}

void SchemaCompiler::add_ways(const Job& job) {
  const int32_t end = builder_.state(job.rule);
  builder_.accept(end);
  const Value& ways = *job.conjunction.choices.front().ways;
  if (ways.step == "oneOf") note_one_of(ways);
  for (const Value* way : ways.items)
    builder_.call(builder_.start_of(job.rule), rule_of(conjoiner_.choose(job.conjunction, *way)),
                  end);
}

void SchemaCompiler::note_one_of(const Value& ways) {
  constexpr size_t kMostCompared = 100;
  const std::vector<const Value*>& all = ways.items;
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (all.size() > kMostCompared || !exclude_each_other(conjoiner_, *all[i], *all[j])) {
        std::string note = fmt::format(
            "JSON schema: {} is honoured as anyOf: a value may be of several of its ways",
            pointer_of(ways));
        if (std::ranges::find(notes_, note) == notes_.end()) notes_.push_back(std::move(note));
        return;
      }
}

void SchemaCompiler::add_values(const Job& job, const std::vector<const Value*>& values) {
  const Members members = job.conjunction.members;
  const uint8_t bits = types_of(members);
  const TextConstraints text = text_constraints(members);
  std::optional<CharDfa> dfa;
  if (!text.plain()) dfa = text.dfa();
  const NumberRange range = number_range(members);
  const int32_t start = builder_.start_of(job.rule), end = builder_.state(job.rule);
  builder_.accept(end);
  TextTrie trie(builder_, start, end);
  for (const Value* value : values) {
    if ((type_of(*value) & bits) == 0) continue;
    const bool list = value->is(Value::Kind::kArray);
    if (list || value->is(Value::Kind::kObject)) {
      if (any_has(members, list ? array_keywords() : object_keywords()))
        refuse(fmt::format("JSON schema: {}: arrays and objects cannot be given as values where "
                           "other keywords apply to them",
                           pointer_of(*value)),
               "Give the values alone.");
      builder_.epsilon(add_compound(rules_, start, *value), end);
      continue;
    }
    if (value->is_number() && !admits(range, value->text)) continue;
    if (value->is(Value::Kind::kString)) {
      const int64_t length = characters_in(value->text);
      if (length < text.least || length > text.most) continue;
      if (dfa && dfa->labels_of(value->text) != text.all()) continue;
    }
    trie.add(scalar_text(*value));
  }
}

void SchemaCompiler::add_types(const Job& job, uint8_t bits) {
  const Members members = job.conjunction.members;
  const int32_t start = builder_.start_of(job.rule), end = builder_.state(job.rule);
  builder_.accept(end);
  if ((bits & types::kNull) != 0) builder_.literal(start, "null", end);
  if ((bits & types::kBoolean) != 0)
    for (const char* word : {"true", "false"}) builder_.literal(start, word, end);
  if ((bits & types::kInteger) != 0) {
    NumberRange range = number_range(members);
    if ((bits & types::kFraction) == 0) range.integer = true;
    const int32_t rule = !range.unbounded() ? add_number_range(builder_, range)
                         : range.integer    ? rules_.integer()
                                            : rules_.number();
    builder_.call(start, rule, end);
  }
  if ((bits & types::kString) != 0)
    builder_.call(start, string_rule(*this, text_constraints(members)), end);
  if ((bits & types::kArray) != 0) builder_.call(start, array_rule(*this, members), end);
  if ((bits & types::kObject) != 0) builder_.call(start, object_rule(*this, members), end);
}

int32_t string_rule(SchemaCompiler& compiler, const TextConstraints& text) {
  Builder& builder = compiler.builder();
  if (text.least > text.most) return builder.rule("a string that cannot be");
  if (text.plain()) return compiler.rules().string(text.least, text.most);
  const int32_t rule = builder.rule("a string with a pattern");
  const int32_t inside = builder.literal(builder.start_of(rule), "\"");
  const int32_t closed = builder.state(rule);
  builder.accept(closed);
  add_text_pattern(compiler.rules(), inside, text.dfa(),
                   [&](CharDfa::Labels labels) { return labels == text.all() ? closed : -1; });
  return rule;
}

}  // namespace nety::grammar
