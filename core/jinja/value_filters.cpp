// Filters about single values and numbers.
#include <fmt/core.h>

#include <cmath>

#include "core/jinja/display.h"
#include "core/jinja/evaluator.h"
#include "core/jinja/failure.h"
#include "core/jinja/filters.h"
#include "core/jinja/methods.h"
#include "core/jinja/numbers.h"
#include "core/jinja/parameters.h"

namespace nety::jinja::filters {

Value absolute(Evaluator&, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter abs", arguments, {});
  expect_defined(value);
  if (value.is(Kind::kFloat)) return of(std::abs(value.real));
  if (!value.is_whole()) fail(fmt::format("abs needs a number, not '{}'", type_name(value)));
  return value.whole() < 0 ? negative(value) : of(value.whole());
}

Value attribute(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter attr", arguments, {"name"});
  given.get("name");
  expect_defined(value);
  const Text* name = given.text("name");
  if (name == nullptr) fail("attr needs a string");
  if (value.is(Kind::kLoop))
    if (const std::optional<Value> found = evaluator.loop_attribute(*value.loop, name->bytes))
      return *found;
  if (const std::optional<Value> found = attribute_of(evaluator.heap(), value, name->bytes))
    return *found;
  return undefined(evaluator.heap(), fmt::format("'{} object' has no attribute '{}'",
                                                 type_name(value), name->bytes.substr(0, 60)));
}

Value length(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter length", arguments, {});
  if (value.is(Kind::kLoop)) return *evaluator.loop_attribute(*value.loop, "length");
  const std::optional<size_t> found = length_of(value);
  if (!found) fail(fmt::format("object of type '{}' has no len()", type_name(value)));
  return of(*found);
}

Value otherwise(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter default", arguments, {"default_value", "boolean"});
  const bool missing =
      value.is(Kind::kUndefined) || (given.truth("boolean", false) && !truth(value));
  if (!missing) return value;
  const Value* found = given.find("default_value");
  return found == nullptr ? evaluator.text("") : *found;
}

Value file_size(Evaluator& evaluator, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter filesizeformat", arguments, {"binary"});
  expect_defined(value);
  const std::optional<double> read = value.is(Kind::kText) ? real_in(value.text->bytes)
                                     : value.is_number()   ? std::optional(value.number())
                                                           : std::nullopt;
  if (!read) fail("filesizeformat needs a number");
  const double bytes = *read;
  const bool binary = given.truth("binary", false);
  const double base = binary ? 1024 : 1000;
  if (bytes == 1) return evaluator.text("1 Byte");
  if (bytes < base) return evaluator.text(fmt::format("{} Bytes", truncated(bytes)));
  constexpr std::string_view kPrefixes = "kMGTPEZY";
  double unit = base;
  size_t prefix = 0;
  for (; prefix < kPrefixes.size(); ++prefix) {
    unit *= base;
    if (bytes < unit || prefix + 1 == kPrefixes.size()) break;
  }
  const std::string letter = binary && prefix == 0 ? "K" : std::string(1, kPrefixes[prefix]);
  return evaluator.text(
      fmt::format("{} {}{}B", fixed(base * bytes / unit, 1), letter, binary ? "i" : ""));
}

Value real(Evaluator&, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter float", arguments, {"default"});
  expect_defined(value);
  if (value.is_number()) return of(value.number());
  if (value.is(Kind::kText))
    if (const std::optional<double> read = real_in(value.text->bytes)) return of(*read);
  const Value* found = given.find("default");
  return found == nullptr ? of(0.0) : *found;
}

Value integer(Evaluator&, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter int", arguments, {"default", "base"});
  expect_defined(value);
  if (value.is_whole()) return of(value.whole());
  if (value.is(Kind::kFloat) && std::isfinite(value.real)) return of(truncated(value.real));
  if (value.is(Kind::kText)) {
    const int64_t base = given.whole("base", 10);
    if (base >= 0 && base <= 36)
      if (const auto read = integer_in(value.text->bytes, static_cast<int>(base))) return of(*read);
    const std::optional<double> read = real_in(value.text->bytes);
    if (read && std::isfinite(*read)) return of(truncated(*read));
  }
  const Value* found = given.find("default");
  return found == nullptr ? of(int64_t{0}) : *found;
}

Value round(Evaluator&, const Value& value, const Arguments& arguments) {
  const Parameters given("the filter round", arguments, {"precision", "method"});
  expect_defined(value);
  if (!value.is_number()) fail(fmt::format("round needs a number, not '{}'", type_name(value)));
  const int64_t digits = given.whole("precision", 0);
  const Text* method = given.text("method");
  const std::string_view how = method == nullptr ? "common" : method->bytes;
  if (how == "common") {
    if (value.is(Kind::kFloat)) return of(rounded(value.real, digits));
    if (digits >= 0) return of(value.whole());
    fail_unsupported("rounding a whole number to tens");
  }
  if (how != "ceil" && how != "floor") fail("method must be common, ceil or floor");
  if (digits < 0 || digits > 15) fail_unsupported("rounding up or down to such digits");
  const Value unit = arithmetic("**", of(int64_t{10}), of(digits));
  const Value scaled = arithmetic("*", value, unit);
  const double whole = how == "ceil" ? std::ceil(scaled.number()) : std::floor(scaled.number());
  return arithmetic("/", of(truncated(whole)), unit);
}

}  // namespace nety::jinja::filters
