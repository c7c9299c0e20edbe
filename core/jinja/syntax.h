// The syntax tree of a template. Nodes point to one another; the tree owns them all side by side,
// so that taking a deep one apart needs no stack.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace nety::jinja {

struct FilterRow;
struct TestRow;

struct Expression;
using Expressions = std::vector<const Expression*>;

/// What stands in the brackets of a call, a filter or a test.
struct CallArguments {
  struct Named {
    std::string_view name;
    const Expression* value;
  };
  Expressions values;
  std::vector<Named> named;
  const Expression* more_values = nullptr;  ///< *values
  const Expression* more_named = nullptr;   ///< **named
};

struct Expression {
  enum class Kind : uint8_t {
    kNone,
    kBoolean,    ///< integer
    kInteger,    ///< integer
    kFloat,      ///< real
    kText,       ///< text, integer: its code points
    kName,       ///< text
    kNameField,  ///< text: a namespace's name, field: what is set of it; only as a target
    kList,       ///< children
    kTuple,      ///< children
    kDict,       ///< children: key, value, key, value ...
    kAttribute,  ///< children[0] . text
    kItem,       ///< children[0] [ children[1] ]
    kSlice,      ///< children[0] [ children[1] : children[2] : children[3] ]; null: left out
    kCall,       ///< children[0], arguments
    kFilter,     ///< children[0] | text, arguments; children[0] is null in a filter block
    kTest,       ///< children[0] is text, arguments
    kNot,
    kNegative,
    kPositive,
    kAnd,
    kOr,
    kBinary,       ///< children[0] text children[1]
    kConcatenate,  ///< children
    kCompare,      ///< children[0] operators[0] children[1] operators[1] children[2] ...
    kCondition,    ///< children: condition, then, else; null: left out
  };
  Kind kind;
  int line;
  std::string_view text = {}, field = {};
  int64_t integer = 0;
  double real = 0;
  Expressions children = {};
  std::vector<std::string_view> operators = {};
  CallArguments arguments = {};
  const FilterRow* filter = nullptr;  ///< Null: there is none of that name.
  const TestRow* test = nullptr;
};

struct Statement;
using Block = std::vector<Statement*>;

/// Arguments of a macro or of a call block; the last ones have defaults.
struct Signature {
  std::vector<std::string_view> names;
  Expressions defaults;
};

struct Statement {
  enum class Kind : uint8_t {
    kText,         ///< text
    kOutput,       ///< expressions
    kIf,           ///< expressions: conditions; bodies: one each, and one more for else
    kFor,          ///< target, expressions: what over, condition or null; bodies: body, else
    kSet,          ///< target, expressions[0]
    kSetBlock,     ///< target, expressions: filters on the body, or nothing; bodies[0]
    kWith,         ///< targets, expressions; bodies[0]
    kMacro,        ///< text: its name, signature, bodies[0]
    kCallBlock,    ///< expressions[0]: the call, signature, bodies[0]
    kFilterBlock,  ///< expressions[0], bodies[0]
    kGeneration,   ///< bodies[0]
    kBreak,
    kContinue,
  };
  Kind kind;
  int line;
  std::string_view text = {};
  std::vector<const Expression*> targets = {};
  Expressions expressions = {};
  std::vector<Block> bodies = {};
  std::vector<std::vector<std::string_view>> hidden = {};  ///< Of each body (scoping.h).
  Signature signature = {};
  bool recursive = false;                                               // for
  bool uses_caller = false, uses_kwargs = false, uses_varargs = false;  // macro
};

/// A template, read. Views point into its texts.
struct Tree {
  std::string source;
  std::deque<std::string> texts;
  std::deque<Expression> expressions;
  std::deque<Statement> statements;
  Block body;
  std::vector<std::string_view> hidden;  ///< Of the body.
};

}  // namespace nety::jinja
