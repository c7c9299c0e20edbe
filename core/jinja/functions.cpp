#include "core/jinja/functions.h"

#include <fmt/core.h>

#include "core/jinja/display.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/parameters.h"
#include "core/tokenizer/unicode.h"

namespace nety::jinja {
namespace {

/// As many as Jinja's sandbox allows.
constexpr uint64_t kLongestRange = 100'000;

Value range(Evaluator& evaluator, const Arguments& arguments) {
  const Parameters given("range", arguments, {"start", "stop", "step"});
  if (!arguments.named.empty()) fail("range() takes no keyword arguments");
  const bool one = arguments.values.size() == 1;
  given.get("start");
  const int64_t start = one ? 0 : given.whole("start", 0);
  const int64_t stop = one ? given.whole("start", 0) : given.whole("stop", 0);
  const int64_t step = given.whole("step", 1);
  if (step == 0) fail("range() arg 3 must not be zero");
  uint64_t length = 0;
  // In unsigned numbers the difference of any two fits.
  if (step > 0 && start < stop)
    length = (static_cast<uint64_t>(stop) - static_cast<uint64_t>(start) - 1) /
                 static_cast<uint64_t>(step) +
             1;
  else if (step < 0 && start > stop)
    length = (static_cast<uint64_t>(start) - static_cast<uint64_t>(stop) - 1) /
                 (uint64_t{0} - static_cast<uint64_t>(step)) +
             1;
  if (length > kLongestRange) fail(fmt::format("a range has more than {} items", kLongestRange));
  Value value;
  value.kind = Kind::kRange;
  value.range = evaluator.heap().make<Range>(start, stop, step, static_cast<size_t>(length));
  return value;
}

/// Pairs of a call to dict() or namespace(): of a mapping or of pairs, then keywords.
std::span<const Pair> pairs_of(Evaluator& evaluator, std::string_view name,
                               const Arguments& arguments) {
  Heap& heap = evaluator.heap();
  if (arguments.values.size() > 1) fail(fmt::format("{}() takes at most one value", name));
  MappingBuilder mapping(heap);
  if (arguments.values.size() == 1) {
    const Value& from = arguments.values[0];
    expect_defined(from);
    if (from.is(Kind::kMapping)) {
      for (const Pair& pair : from.mapping->pairs) mapping.set(pair.key, pair.value);
    } else {
      for (const Value& one : items_in(heap, from)) {
        const std::span<const Value> pair = items_in(heap, one);
        if (pair.size() != 2) fail(fmt::format("{}() takes pairs", name));
        mapping.set(pair[0], pair[1]);
      }
    }
  }
  for (const Arguments::Named& one : arguments.named)
    mapping.set(evaluator.text(one.name), one.value);
  return mapping.finish().mapping->pairs;
}

Value dict(Evaluator& evaluator, const Arguments& arguments) {
  return of(evaluator.heap().make<Mapping>(pairs_of(evaluator, "dict", arguments)));
}

Value make_namespace(Evaluator& evaluator, const Arguments& arguments) {
  Namespace* names = evaluator.heap().make<Namespace>();
  Namespace::Entry** end = &names->first;
  for (const Pair& pair : pairs_of(evaluator, "namespace", arguments)) {
    if (!pair.key.is(Kind::kText)) fail_unsupported("a namespace with a name that is no string");
    *end = evaluator.heap().make<Namespace::Entry>(pair.key.text->bytes, pair.value, nullptr);
    end = &(*end)->next;
  }
  Value value;
  value.kind = Kind::kNamespace;
  value.names = names;
  return value;
}

Value raise_exception(Evaluator& evaluator, const Arguments& arguments) {
  const Parameters given("raise_exception", arguments, {"message"});
  const Value message = as_text(evaluator.heap(), given.get("message"));
  throw Failure{Failure::Kind::kRaised, std::string(message.text->bytes)};
}

/// Conversions of strftime() whose text is short, in the "C" locale.
bool is_conversion(char c) {
  return std::string_view("aAbBcdDeFgGhHIjmMnprRStTuUVwWxXyYZz%").find(c) != std::string_view::npos;
}

Value strftime_now(Evaluator& evaluator, const Arguments& arguments) {
  const Parameters given("strftime_now", arguments, {"format"});
  given.get("format");
  const Text* format = given.text("format");
  if (format == nullptr) fail("strftime_now needs a string");
  TextBuilder out(evaluator.heap());
  const std::string_view bytes = format->bytes;
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] != '%') {
      out.add(bytes.substr(at, 1));
      continue;
    }
    const size_t begin = at++;
    if (at < bytes.size() && bytes[at] == '-') ++at;  // without a leading zero
    if (at == bytes.size() || !is_conversion(bytes[at]))
      fail_unsupported(fmt::format("strftime_now({})", tokenizer::quote(bytes)));
    const std::string one(bytes.substr(begin, at + 1 - begin));
    char text[128];
    out.add(
        std::string_view(text, std::strftime(text, sizeof text, one.c_str(), &evaluator.now())));
  }
  return out.finish();
}

template <const char* name>
Value unsupported(Evaluator&, const Arguments&) {
  fail_unsupported(fmt::format("the function {}()", name));
}
constexpr char kCycler[] = "cycler", kJoiner[] = "joiner", kLipsum[] = "lipsum";

constexpr Function kFunctions[] = {
    {"range", range},
    {"dict", dict},
    {"namespace", make_namespace},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
    {kCycler, unsupported<kCycler>},
    {kJoiner, unsupported<kJoiner>},
    {kLipsum, unsupported<kLipsum>},
};

}  // namespace

const Function* find_function(std::string_view name) {
  for (const Function& function : kFunctions)
    if (function.name == name) return &function;
  return nullptr;
}

}  // namespace nety::jinja
