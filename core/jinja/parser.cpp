// Statements, as Jinja's parser.py reads them, with the extensions that transformers adds: loop
// controls and "generation" blocks.
#include "core/jinja/parser.h"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>

#include "core/jinja/expression_parser.h"
#include "core/jinja/failure.h"
#include "core/jinja/scoping.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

/// Statements of Jinja that need other templates, or that chat templates have no use for.
constexpr std::string_view kUnsupported[] = {"block",      "extends", "include", "import", "from",
                                             "autoescape", "trans",   "do",      "debug"};

class Parser {
 public:
  explicit Parser(Tree& tree)
      : tree_(tree), stream_(tokens_of(tree.source, tree.texts)), expressions_(stream_, tree) {}

  void run() {
    tree_.body = block({});
    if (!stream_.is(Token::Kind::kEnd)) stream_.refuse("unexpected " + stream_.shown());
    expressions_.refuse_unknown();
  }

 private:
  using Kind = Statement::Kind;
  using Words = std::initializer_list<std::string_view>;

  Statement& make(Kind kind, int line) {
    return tree_.statements.emplace_back(Statement{.kind = kind, .line = line});
  }

  /// Statements up to a tag that begins with one of `ends`, whose name is then the current token.
  Block block(Words ends) {
    const ExpressionParser::Level level(expressions_);
    Block statements;
    for (;;) {
      const int line = stream_.line();
      if (stream_.is(Token::Kind::kData)) {
        Statement& made = make(Kind::kText, line);
        made.text = stream_.next().text;
        statements.push_back(&made);
      } else if (stream_.is(Token::Kind::kVariableBegin)) {
        stream_.next();
        Statement& made = make(Kind::kOutput, line);
        made.expressions = {expressions_.tuple()};
        stream_.expect(Token::Kind::kVariableEnd);
        statements.push_back(&made);
      } else if (stream_.is(Token::Kind::kBlockBegin)) {
        stream_.next();
        for (const std::string_view end : ends)
          if (stream_.is_name(end)) return statements;
        statements.push_back(statement());
        stream_.expect(Token::Kind::kBlockEnd);
      } else {
        if (ends.size() > 0)
          stream_.refuse(fmt::format("a block has no end: \"{}\" is missing", *(ends.end() - 1)));
        return statements;
      }
    }
  }

  /// The rest of a tag, a block, and the name that ends it.
  Block body(std::string_view end) {
    // A colon there is allowed, as in Python.
    stream_.skip_operator(":");
    stream_.expect(Token::Kind::kBlockEnd);
    Block statements = block({end});
    stream_.expect_name(end);
    return statements;
  }
  Block body_with_scope(std::string_view end) {
    const ExpressionParser::Certain certain(expressions_);
    return body(end);
  }

  Statement* statement() {
    const int line = stream_.line();
    const std::string_view word = stream_.expect_name();
    struct Row {
      std::string_view name;
      Statement* (Parser::*read)(int line);
    };
    constexpr Row kRows[] = {
        {"if", &Parser::if_},
        {"for", &Parser::for_},
        {"set", &Parser::set},
        {"with", &Parser::with},
        {"macro", &Parser::macro},
        {"call", &Parser::call},
        {"filter", &Parser::filter},
        {"generation", &Parser::generation},
        {"print", &Parser::print},
        {"break", &Parser::break_},
        {"continue", &Parser::continue_},
    };
    for (const Row& row : kRows)
      if (row.name == word) return (this->*row.read)(line);
    const bool known = std::ranges::find(kUnsupported, word) != std::end(kUnsupported);
    throw Failure{known ? Failure::Kind::kUnsupported : Failure::Kind::kSyntax,
                  known ? fmt::format("the statement \"{}\"", word)
                        : fmt::format("there is no statement {}", tokenizer::quote(word)),
                  line};
  }

  Statement* if_(int line) {
    Statement& made = make(Kind::kIf, line);
    expressions_.enter_condition();
    for (;;) {
      made.expressions.push_back(expressions_.tuple(false));
      stream_.skip_operator(":");
      stream_.expect(Token::Kind::kBlockEnd);
      made.bodies.push_back(block({"elif", "else", "endif"}));
      if (stream_.skip_name("elif")) continue;
      if (stream_.skip_name("else"))
        made.bodies.push_back(body("endif"));
      else
        stream_.expect_name("endif");
      break;
    }
    expressions_.leave_condition();
    return &made;
  }

  Statement* for_(int line) {
    Statement& made = make(Kind::kFor, line);
    made.targets = {expressions_.target(false, "in")};
    refuse_loop(*made.targets[0]);
    stream_.expect_name("in");
    const Expression* over = expressions_.tuple(false, "recursive");
    const Expression* condition = stream_.skip_name("if") ? expressions_.expression() : nullptr;
    made.expressions = {over, condition};
    made.recursive = stream_.skip_name("recursive");
    stream_.skip_operator(":");
    stream_.expect(Token::Kind::kBlockEnd);
    ++loops_;
    {
      const ExpressionParser::Certain certain(expressions_);
      made.bodies.push_back(block({"endfor", "else"}));
    }
    --loops_;
    if (stream_.skip_name("else"))
      made.bodies.push_back(body_with_scope("endfor"));
    else
      stream_.expect_name("endfor");
    return &made;
  }

  void refuse_loop(const Expression& target) const {
    if (target.text == "loop") stream_.refuse("\"loop\" cannot be what a loop assigns to");
    for (const Expression* part : target.children) refuse_loop(*part);
  }

  Statement* set(int line) {
    Statement& made = make(Kind::kSet, line);
    made.targets = {expressions_.target(true)};
    if (stream_.skip_operator("=")) {
      made.expressions = {expressions_.tuple()};
      return &made;
    }
    made.kind = Kind::kSetBlock;
    if (stream_.is_operator("|")) made.expressions = {expressions_.filters(nullptr)};
    made.bodies.push_back(body_with_scope("endset"));
    return &made;
  }

  Statement* with(int line) {
    Statement& made = make(Kind::kWith, line);
    while (!stream_.is(Token::Kind::kBlockEnd)) {
      if (!made.targets.empty()) stream_.expect_operator(",");
      made.targets.push_back(expressions_.target(false));
      stream_.expect_operator("=");
      made.expressions.push_back(expressions_.expression());
    }
    made.bodies.push_back(body_with_scope("endwith"));
    return &made;
  }

  Signature signature() {
    Signature found;
    stream_.expect_operator("(");
    while (!stream_.is_operator(")")) {
      if (!found.names.empty()) stream_.expect_operator(",");
      const std::string_view name = stream_.expect_name();
      found.names.push_back(name);
      if (stream_.skip_operator("="))
        found.defaults.push_back(expressions_.expression());
      else if (!found.defaults.empty())
        stream_.refuse("an argument without a default stands behind one with a default");
    }
    stream_.expect_operator(")");
    return found;
  }

  Statement* macro(int line) {
    Statement& made = make(Kind::kMacro, line);
    made.text = stream_.expect_name();
    made.signature = signature();
    read_macro_body(made, "endmacro");
    return &made;
  }

  Statement* call(int line) {
    Statement& made = make(Kind::kCallBlock, line);
    if (stream_.is_operator("(")) made.signature = signature();
    const Expression* what = expressions_.expression();
    if (what->kind != Expression::Kind::kCall) stream_.refuse("a call block needs a call");
    made.expressions = {what};
    read_macro_body(made, "endcall");
    return &made;
  }

  /// Loops around a macro are not its own, and what it names decides what it can be given.
  void read_macro_body(Statement& made, std::string_view end) {
    const int loops = std::exchange(loops_, 0);
    const size_t first = tree_.expressions.size();
    made.bodies.push_back(body_with_scope(end));
    loops_ = loops;
    const auto names = [&](std::string_view name) {
      if (std::ranges::find(made.signature.names, name) != made.signature.names.end()) return false;
      for (size_t i = first; i < tree_.expressions.size(); ++i) {
        const Expression& one = tree_.expressions[i];
        if (one.kind == Expression::Kind::kName && one.text == name) return true;
      }
      return false;
    };
    made.uses_caller = names("caller");
    made.uses_kwargs = names("kwargs");
    made.uses_varargs = names("varargs");
  }

  Statement* filter(int line) {
    Statement& made = make(Kind::kFilterBlock, line);
    made.expressions = {expressions_.filters(nullptr, true)};
    made.bodies.push_back(body_with_scope("endfilter"));
    return &made;
  }

  Statement* generation(int line) {
    Statement& made = make(Kind::kGeneration, line);
    const int loops = std::exchange(loops_, 0);
    made.bodies.push_back(body_with_scope("endgeneration"));
    loops_ = loops;
    return &made;
  }

  Statement* print(int line) {
    Statement& made = make(Kind::kOutput, line);
    while (!stream_.is(Token::Kind::kBlockEnd)) {
      if (!made.expressions.empty()) stream_.expect_operator(",");
      made.expressions.push_back(expressions_.expression());
    }
    return &made;
  }

  Statement* loop_control(Kind kind, int line, std::string_view name) {
    if (loops_ == 0) stream_.refuse(fmt::format("\"{}\" stands outside of a loop", name));
    return &make(kind, line);
  }
  Statement* break_(int line) { return loop_control(Kind::kBreak, line, "break"); }
  Statement* continue_(int line) { return loop_control(Kind::kContinue, line, "continue"); }

  Tree& tree_;
  TokenStream stream_;
  ExpressionParser expressions_;
  int loops_ = 0;
};

}  // namespace

void parse(std::string_view source, Tree& tree) {
  tree.source = with_plain_line_ends(source);
  Parser(tree).run();
  find_hidden_names(tree);
}

}  // namespace nety::jinja
