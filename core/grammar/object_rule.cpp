// Objects: the properties that the schemas name, in their order, then any others.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/grammar/keywords.h"
#include "core/grammar/refuse.h"
#include "core/grammar/schema_compiler.h"
#include "core/grammar/text_pattern.h"

namespace nety::grammar {
namespace {

constexpr int64_t kMostPlaces = 100'000;  // properties times counts

/// One schema of a patternProperties, with the label of its pattern.
struct PatternSchema {
  const Value* owner;
  const Value* schema;
  CharDfa::Labels label;
};

class ObjectRule {
 public:
  ObjectRule(SchemaCompiler& compiler, Members members)
      : compiler_(compiler), builder_(compiler.builder()), members_(members) {
    for (const Value* schema : members) read(*schema);
    if (!patterns_.empty()) {
      // The names themselves are for their own places: the last label.
      names_label_ = CharDfa::Labels{1} << patterns_.size();
      patterns_.push_back(texts_pattern(names_, where_));
      dfa_ = CharDfa::of(patterns_, where_);
    }
  }

  int32_t add() {
    rule_ = builder_.rule("an object");
    if (least_ > most_) return rule_;
    end_ = builder_.state(rule_);
    builder_.accept(end_);
    const bool others = has_others();
    if (least_ > std::ssize(names_) + (others ? 1 : 0))
      refuse_keyword(*least_owner_, "minProperties",
                     "more properties than are named (and one more) cannot be kept apart while "
                     "text is made");
    // Counting further than there are properties is of no use where there are no others.
    counts_ = most_ == kUnbounded ? least_ : most_;
    if (!others && most_ != kUnbounded)
      counts_ = static_cast<int32_t>(std::min<int64_t>(most_, std::ssize(names_)));
    if ((std::ssize(names_) + 1) * (int64_t{counts_} + 1) > kMostPlaces)
      refuse_large(
          fmt::format("JSON schema: {}: its properties can be counted in more than {} ways", where_,
                      kMostPlaces));
    others_ = others ? other_member() : -1;
    add_states();
    return rule_;
  }

 private:
  void read(const Value& schema) {
    if (where_.empty()) where_ = pointer_of(schema);
    if (const Value* properties = object_of(schema, "properties"))
      for (const Value::Member& member : properties->members) name(member.name);
    if (const Value* list = list_of(schema, "required"))
      for (const Value* item : list->items) {
        if (!item->is(Value::Kind::kString))
          refuse_keyword(schema, "required", "must be a list of names");
        name(item->text);
        required_.insert(item->text);
      }
    const int32_t least = count_of(schema, "minProperties", 0);
    if (least > least_) {
      least_ = least;
      least_owner_ = &schema;
    }
    most_ = std::min(most_, count_of(schema, "maxProperties", kUnbounded));
    if (const Value* patterns = object_of(schema, "patternProperties"))
      for (const Value::Member& member : patterns->members)
        by_pattern_.push_back(
            {&schema, member.value,
             add_pattern(read_pattern(member.name, "JSON schema: " + pointer_of(*member.value)))});
    if (const Value* names = schema.find("propertyNames")) read_names(schema, *names);
  }

  void name(std::string_view text) {
    if (known_.insert(text).second) names_.push_back(text);
  }

  CharDfa::Labels add_pattern(PatternNfa pattern) {
    if (patterns_.size() + 1 >= CharDfa::kMostPatterns)
      refuse_large(fmt::format("JSON schema: {}: more than {} patterns apply to its names", where_,
                               CharDfa::kMostPatterns - 1));
    patterns_.push_back(std::move(pattern));
    return CharDfa::Labels{1} << (patterns_.size() - 1);
  }

  /// propertyNames: patterns that every name must match.
  void read_names(const Value& schema, const Value& names) {
    const std::string where = fmt::format("JSON schema: {}/propertyNames", pointer_of(schema));
    Conjunction all;
    compiler_.conjoiner().add(names, all);
    if (!all.choices.empty())
      refuse_keyword(schema, "propertyNames", "anyOf and oneOf cannot be honoured here");
    if (all.never || (types_of(all.members) & types::kString) == 0) {
      needed_ |= add_pattern(texts_pattern({}, where));
      return;
    }
    TextConstraints text = text_constraints(all.members);
    for (PatternNfa& pattern : text.patterns) needed_ |= add_pattern(std::move(pattern));
    if (text.least > 0 || text.most != kUnbounded)
      needed_ |= add_pattern(text.least > text.most ? texts_pattern({}, where)
                                                    : length_pattern(text.least, text.most, where));
    if (const auto values = values_of(all.members, compiler_.conjoiner())) {
      std::vector<std::string_view> texts;
      for (const Value* value : *values)
        if (value->is(Value::Kind::kString)) texts.push_back(value->text);
      needed_ |= add_pattern(texts_pattern(texts, where));
    }
  }

  /// The schemas of a property's value: those of its name, of the patterns that match it (labels),
  /// and additionalProperties where a schema has neither.
  Conjunction value_of(std::optional<std::string_view> name, CharDfa::Labels labels) {
    Conjunction all;
    Conjoiner& conjoiner = compiler_.conjoiner();
    all.never = (labels & needed_) != needed_;
    for (const Value* schema : members_) {
      bool known = false;
      const Value* properties = schema->find("properties");
      if (name && properties != nullptr)
        if (const Value* own = properties->find(*name)) {
          conjoiner.add(*own, all);
          known = true;
        }
      for (const PatternSchema& pattern : by_pattern_)
        if (pattern.owner == schema && (labels & pattern.label) != 0) {
          conjoiner.add(*pattern.schema, all);
          known = true;
        }
      const Value* additional = schema->find("additionalProperties");
      if (!known && additional != nullptr) conjoiner.add(*additional, all);
    }
    return all;
  }

  bool has_others() {
    if (!dfa_) return !value_of(std::nullopt, needed_).never;
    return std::ranges::any_of(dfa_->states, [&](const CharDfa::State& state) {
      return (state.labels & names_label_) == 0 && !value_of(std::nullopt, state.labels).never;
    });
  }

  /// A rule for one property that no schema names, with its value.
  int32_t other_member() {
    const int32_t rule = builder_.rule("a further property");
    const int32_t done = builder_.state(rule);
    builder_.accept(done);
    const auto closed_for = [&](CharDfa::Labels labels) {
      Conjunction value = value_of(std::nullopt, labels);
      if (value.never || (dfa_ && (labels & names_label_) != 0)) return -1;
      const int32_t closed = builder_.state(rule);
      builder_.call(compiler_.rules().colon(closed), compiler_.rule_of(std::move(value)), done);
      return closed;
    };
    const int32_t start = builder_.start_of(rule);
    if (dfa_) {
      add_text_pattern(compiler_.rules(), builder_.literal(start, "\""), *dfa_, closed_for);
    } else if (names_.empty()) {
      builder_.call(start, compiler_.rules().string(), closed_for(0));
    } else {
      add_other_names(compiler_.rules(), builder_.literal(start, "\""), names_, closed_for(0));
    }
    return rule;
  }

  // The states of "i of the names are done, and so many properties are written": `key` where the
  // next property must begin, `after` behind a value. Where nothing is bounded, one count is
  // enough.
  struct Place {
    int32_t key, after;
  };
  Place& at(size_t i, int32_t count) {
    return places_[i * (static_cast<size_t>(counts_) + 1) + static_cast<size_t>(count)];
  }
  bool room(int32_t count) const { return most_ == kUnbounded || count < counts_; }
  int32_t next(int32_t count) const { return std::min(count + 1, counts_); }

  void add_states() {
    const size_t n = names_.size();
    places_.resize((n + 1) * (static_cast<size_t>(counts_) + 1));
    for (Place& place : places_) place = {builder_.state(rule_), builder_.state(rule_)};
    // From here on all names may be left out.
    size_t optional_from = n;
    while (optional_from > 0 && !required_.contains(names_[optional_from - 1])) --optional_from;

    const int32_t open = builder_.state(rule_);
    builder_.byte(builder_.start_of(rule_), '{', open);
    const int32_t first = compiler_.rules().spaced(open);
    builder_.epsilon(first, at(0, 0).key);
    if (optional_from == 0 && least_ == 0) builder_.byte(first, '}', end_);

    for (size_t i = 0; i < n; ++i) {
      const int32_t value = compiler_.rule_of(value_of(names_[i], labels_of(names_[i])));
      const std::string written = json_string(names_[i]);
      for (int32_t count = 0; count <= counts_; ++count) {
        const int32_t key = at(i, count).key;
        if (!required_.contains(names_[i])) builder_.epsilon(key, at(i + 1, count).key);
        if (room(count))
          builder_.call(compiler_.rules().colon(builder_.literal(key, written)), value,
                        at(i + 1, next(count)).after);
      }
    }
    for (size_t i = 0; i <= n; ++i)
      for (int32_t count = 0; count <= counts_; ++count) {
        if (room(count)) comma(at(i, count).after, at(i, count).key);
        if (i >= optional_from && count >= least_) close(at(i, count).after);
      }
    if (others_ >= 0) add_others();
  }

  /// Properties without a name in the schemas. Two may have the same key, so that only the first
  /// counts where there must be a number of them.
  void add_others() {
    std::vector<int32_t> after;
    for (int32_t count = 0; count <= counts_; ++count) after.push_back(builder_.state(rule_));
    for (int32_t count = 0; count <= counts_; ++count) {
      const int32_t done = after[static_cast<size_t>(count)];
      close(done);
      if (!room(count)) continue;
      const int32_t further = after[static_cast<size_t>(next(count))];
      const int32_t again = builder_.state(rule_);
      comma(done, again);
      builder_.call(again, others_, further);
      if (count + 1 >= least_) builder_.call(at(names_.size(), count).key, others_, further);
    }
  }

  void comma(int32_t from, int32_t to) {
    const int32_t behind = builder_.state(rule_);
    builder_.byte(from, ',', behind);
    builder_.epsilon(compiler_.rules().spaced(behind), to);
  }
  void close(int32_t from) { builder_.byte(compiler_.rules().spaced(from), '}', end_); }

  CharDfa::Labels labels_of(std::string_view name) const {
    return dfa_ ? dfa_->labels_of(name) : 0;
  }

  SchemaCompiler& compiler_;
  Builder& builder_;
  Members members_;
  std::string where_;
  std::vector<std::string_view> names_;
  std::set<std::string_view> known_;
  std::set<std::string_view> required_;
  int32_t least_ = 0, most_ = kUnbounded, counts_ = 0;
  const Value* least_owner_ = nullptr;
  std::vector<PatternNfa> patterns_;
  std::vector<PatternSchema> by_pattern_;
  CharDfa::Labels needed_ = 0, names_label_ = 0;
  std::optional<CharDfa> dfa_;
  int32_t rule_ = 0, end_ = 0, others_ = -1;
  std::vector<Place> places_;
};

}  // namespace

int32_t object_rule(SchemaCompiler& compiler, Members members) {
  if (!any_has(members, object_keywords())) return compiler.rules().object();
  return ObjectRule(compiler, members).add();
}

}  // namespace nety::grammar
