#include "core/jinja/template.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/parser.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

/// The beginning of a message that a template wrote.
std::string_view shown(std::string_view text) {
  constexpr size_t kLongest = 300;
  size_t end = std::min(text.size(), kLongest);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

[[noreturn]] void refuse(const std::string& name, const Failure& failure, int line) {
  const std::string place =
      fmt::format("{}, line {}: ", name, failure.line > 0 ? failure.line : line);
  switch (failure.kind) {
    case Failure::Kind::kSyntax:
      throw Error(ErrorKind::kCheckpoint, place + failure.what,
                  "The template is damaged. Another can be given with --chat-template.");
    case Failure::Kind::kUnsupported:
      throw Error(ErrorKind::kCheckpoint, place + failure.what + " is not supported",
                  "Give another template with --chat-template, or the whole prompt with --raw.");
    case Failure::Kind::kWrong:
      throw Error(ErrorKind::kCheckpoint, place + failure.what,
                  "Python's jinja2 refuses this too. Another template can be given with "
                  "--chat-template, or the whole prompt with --raw.");
    case Failure::Kind::kRaised:
      throw Error(ErrorKind::kUsage,
                  fmt::format("{}the template refuses: {}", place, shown(failure.what)),
                  "Change the conversation, or give the whole prompt as text with --raw.");
    case Failure::Kind::kLimit:
      break;
  }
  throw Error(ErrorKind::kCheckpoint, fmt::format("{}the template {}", place, failure.what),
              "No template of a model takes as much. Another can be given with --chat-template.");
}

Value value_of(Heap& heap, const Data& data) {
  const Heap::Level level(heap);
  struct Visitor {
    Heap& heap;
    Value operator()(std::monostate) const { return none(); }
    Value operator()(bool value) const { return of(value); }
    Value operator()(int64_t value) const { return of(value); }
    Value operator()(double value) const { return of(value); }
    Value operator()(const DataText& text) const {
      TextBuilder made(heap);
      made.add(text.text, text.foreign);
      return made.finish();
    }
    Value operator()(const Data::List& list) const {
      ValueList values(heap);
      for (const Data& one : list) values.add(value_of(heap, one));
      return values.list();
    }
    Value operator()(const Data::Object& object) const {
      std::vector<Pair> pairs;
      for (const auto& [name, one] : object)
        pairs.push_back({text_of(heap, name), value_of(heap, one)});
      return of(heap.make<Mapping>(heap.copy(std::span<const Pair>(pairs))));
    }
  };
  return std::visit(Visitor{heap}, data.value);
}

}  // namespace

Template::Template(std::unique_ptr<const Tree> tree, std::string name, const Limits& limits)
    : tree_(std::move(tree)), name_(std::move(name)), limits_(limits) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Template Template::parse(std::string_view source, std::string name, const Limits& limits) {
  auto tree = std::make_unique<Tree>();
  try {
    if (source.size() > static_cast<size_t>(limits.template_bytes))
      throw Failure{Failure::Kind::kLimit, fmt::format("has {} bytes", source.size()), 1};
    if (!tokenizer::is_valid_utf8(source))
      throw Failure{Failure::Kind::kSyntax, "the template is not UTF-8", 1};
    jinja::parse(source, *tree);
  } catch (const Failure& failure) {
    refuse(name, failure, 1);
  }
  return {std::move(tree), std::move(name), limits};
}

Rendered Template::render(const Data::Object& variables, const std::tm& now) const {
  Heap heap(limits_);
  Evaluator evaluator(heap, now);
  try {
    Scope scope;
    for (const auto& [name, data] : variables) scope.set(heap, name, value_of(heap, data));
    TextBuilder out(heap);
    // What a template sets hides a variable, and does not change it.
    Scope own{&scope, &tree_->hidden};
    evaluator.run(tree_->body, own, out);
    Rendered rendered{.text = std::string(out.bytes()), .foreign = {}};
    for (const Span& span : out.foreign()) rendered.foreign.emplace_back(span.begin, span.end);
    return rendered;
  } catch (const Failure& failure) {
    refuse(name_, failure, evaluator.line());
  }
}

}  // namespace nety::jinja
