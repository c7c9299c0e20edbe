// A JSON schema as rules: one for every set of schemas that must hold together.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/grammar/conjunction.h"
#include "core/grammar/constraints.h"
#include "core/grammar/json_rules.h"

namespace nety::grammar {

class SchemaCompiler {
 public:
  SchemaCompiler(const Value& root, Builder& builder)
      : conjoiner_(root), builder_(builder), rules_(builder) {}

  /// The rule of a document of the whole schema. Error: kUsage for what cannot be honoured.
  int32_t compile(const Value& root);
  /// What was honoured only in part, a sentence each.
  std::vector<std::string>& notes() { return notes_; }

  /// For the files that make the rules of one type each.
  int32_t rule_of(Conjunction conjunction);
  Conjoiner& conjoiner() { return conjoiner_; }
  JsonRules& rules() { return rules_; }
  Builder& builder() { return builder_; }

 private:
  struct Job {
    int32_t rule;
    Conjunction conjunction;
  };
  void build(const Job& job);
  void add_ways(const Job& job);
  void add_values(const Job& job, const std::vector<const Value*>& values);
  void add_types(const Job& job, uint8_t bits);
  void note_one_of(const Value& ways);

  Conjoiner conjoiner_;
  Builder& builder_;
  JsonRules rules_;
  std::map<std::vector<const Value*>, int32_t> known_;
  std::vector<Job> jobs_;
  std::vector<std::string> notes_;
};

/// A rule for objects (object_rule.cpp) and arrays (array_rule.cpp) of which all of `members` hold.
int32_t object_rule(SchemaCompiler& compiler, Members members);
int32_t array_rule(SchemaCompiler& compiler, Members members);
/// A rule for strings.
int32_t string_rule(SchemaCompiler& compiler, const TextConstraints& text);

/// Whether no value can be of both schemas, as far as their types, constants and required
/// properties with constants tell (exclusive.cpp).
bool exclude_each_other(const Conjoiner& conjoiner, const Value& a, const Value& b);

}  // namespace nety::grammar
