// Rules: Jinja 3.1, idtracking.py.
#include "core/jinja/scoping.h"

#include <cstddef>
#include <set>

namespace nety::jinja {
namespace {

using Names = std::set<std::string_view>;

/// A part of a template whose names are its own.
struct Frame {
  const Frame* outer;
  Names known;  // used or set here
};

class Finder {
 public:
  void run(const Block& block, const Frame* outer, const Names& parameters,
           std::vector<std::string_view>& hidden) {
    Frame frame{outer, parameters};
    Names set_first;
    const size_t first_inner = inner_.size();
    frame_ = &frame;
    set_first_ = &set_first;
    visit(block, false);
    for (const std::string_view name : set_first)
      if (!is_known_outside(frame, name)) hidden.push_back(name);
    // Only now is it clear what this part knows.
    std::vector<Inner> inner(inner_.begin() + static_cast<std::ptrdiff_t>(first_inner),
                             inner_.end());
    inner_.resize(first_inner);
    for (const Inner& one : inner) run(*one.block, &frame, one.parameters, *one.hidden);
  }

 private:
  struct Inner {
    const Block* block;
    Names parameters;
    std::vector<std::string_view>* hidden;
  };

  static bool is_known_outside(const Frame& frame, std::string_view name) {
    for (const Frame* one = frame.outer; one != nullptr; one = one->outer)
      if (one->known.contains(name)) return true;
    return false;
  }

  void load(std::string_view name) { frame_->known.insert(name); }

  void store(std::string_view name, bool in_branch) {
    if (frame_->known.insert(name).second && !in_branch) set_first_->insert(name);
  }

  void visit(const Expression* root) { add_names(root, frame_->known); }

  /// All names of an expression, without recursion: chains may be long.
  static void add_names(const Expression* root, Names& names) {
    Expressions rest = {root};
    while (!rest.empty()) {
      const Expression* one = rest.back();
      rest.pop_back();
      if (one == nullptr) continue;
      if (one->kind == Expression::Kind::kName || one->kind == Expression::Kind::kNameField)
        names.insert(one->text);
      rest.insert(rest.end(), one->children.begin(), one->children.end());
      const CallArguments& given = one->arguments;
      rest.insert(rest.end(), given.values.begin(), given.values.end());
      for (const CallArguments::Named& named : given.named) rest.push_back(named.value);
      rest.push_back(given.more_values);
      rest.push_back(given.more_named);
    }
  }

  static void add_targets(const Expression& target, Names& names) {
    if (target.kind == Expression::Kind::kName) names.insert(target.text);
    for (const Expression* part : target.children) add_targets(*part, names);
  }

  void store_targets(const Expression& target, bool in_branch) {
    if (target.kind == Expression::Kind::kName) store(target.text, in_branch);
    if (target.kind == Expression::Kind::kNameField) load(target.text);
    for (const Expression* part : target.children) store_targets(*part, in_branch);
  }

  void visit(const Block& block, bool in_branch) {
    for (Statement* statement : block) visit(*statement, in_branch);
  }

  void add_inner(Statement& statement, size_t body, Names parameters = {}) {
    inner_.push_back({&statement.bodies[body], std::move(parameters), &statement.hidden[body]});
  }

  void visit(Statement& statement, bool in_branch) {
    using Kind = Statement::Kind;
    statement.hidden.resize(statement.bodies.size());
    switch (statement.kind) {
      case Kind::kOutput:
        for (const Expression* one : statement.expressions) visit(one);
        break;
      case Kind::kIf:
        for (const Expression* one : statement.expressions) visit(one);
        for (const Block& body : statement.bodies) visit(body, true);
        break;
      case Kind::kFor:
        visit_for(statement);
        break;
      case Kind::kSet:
        visit(statement.expressions[0]);
        store_targets(*statement.targets[0], in_branch);
        break;
      case Kind::kSetBlock:
        store_targets(*statement.targets[0], in_branch);
        add_inner(statement, 0);
        break;
      case Kind::kWith: {
        Names names;
        for (const Expression* one : statement.expressions) visit(one);
        for (const Expression* one : statement.targets) add_targets(*one, names);
        add_inner(statement, 0, std::move(names));
        break;
      }
      case Kind::kMacro:
        store(statement.text, in_branch);
        add_inner(statement, 0, parameters_of(statement));
        break;
      case Kind::kCallBlock:
        visit(statement.expressions[0]);
        add_inner(statement, 0, parameters_of(statement));
        break;
      case Kind::kFilterBlock:
        visit(statement.expressions[0]);
        add_inner(statement, 0);
        break;
      case Kind::kGeneration:
        add_inner(statement, 0);
        break;
      case Kind::kText:
      case Kind::kBreak:
      case Kind::kContinue:
        break;
    }
  }

  void visit_for(Statement& statement) {
    visit(statement.expressions[0]);
    Names names = {"loop"};
    add_targets(*statement.targets[0], names);
    add_inner(statement, 0, std::move(names));
    if (statement.bodies.size() > 1) add_inner(statement, 1);
  }

  /// What a macro gets, and what the defaults of that use before its body does anything.
  static Names parameters_of(const Statement& statement) {
    Names names(statement.signature.names.begin(), statement.signature.names.end());
    for (const std::string_view name : {"caller", "kwargs", "varargs"}) names.insert(name);
    for (const Expression* one : statement.signature.defaults) add_names(one, names);
    return names;
  }

  Frame* frame_ = nullptr;
  Names* set_first_ = nullptr;
  std::vector<Inner> inner_;
};

}  // namespace

void find_hidden_names(Tree& tree) { Finder().run(tree.body, nullptr, {}, tree.hidden); }

}  // namespace nety::jinja
