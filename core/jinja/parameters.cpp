#include "core/jinja/parameters.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/jinja/failure.h"
#include "core/jinja/operators.h"

namespace nety::jinja {

Parameters::Parameters(std::string_view function, const Arguments& arguments,
                       std::initializer_list<std::string_view> names)
    : function_(function), arguments_(&arguments), count_(names.size()) {
  std::ranges::copy(names, names_.begin());
  if (arguments.values.size() > names.size())
    refuse(fmt::format("takes at most {} arguments", names.size()));
  for (const Arguments::Named& one : arguments.named) {
    const auto* const place = std::ranges::find(names, one.name);
    if (place == names.end()) refuse(fmt::format("has no argument \"{}\"", one.name));
    if (static_cast<size_t>(place - names.begin()) < arguments.values.size())
      refuse(fmt::format("is given \"{}\" twice", one.name));
  }
}

void Parameters::refuse(std::string what) const { fail(fmt::format("{} {}", function_, what)); }

const Value* Parameters::find(std::string_view name) const {
  const auto place = static_cast<size_t>(std::ranges::find(names_, name) - names_.begin());
  if (place < count_ && place < arguments_->values.size()) return &arguments_->values[place];
  for (const Arguments::Named& one : arguments_->named)
    if (one.name == name) return &one.value;
  return nullptr;
}

const Value& Parameters::get(std::string_view name) const {
  const Value* value = find(name);
  if (value == nullptr) refuse(fmt::format("needs \"{}\"", name));
  return *value;
}

int64_t Parameters::whole(std::string_view name, int64_t otherwise) const {
  const Value* value = find(name);
  if (value == nullptr) return otherwise;
  expect_defined(*value);
  if (!value->is_whole())
    refuse(fmt::format("takes a whole number for \"{}\", not '{}'", name, type_name(*value)));
  return value->whole();
}

bool Parameters::truth(std::string_view name, bool otherwise) const {
  const Value* value = find(name);
  return value == nullptr ? otherwise : jinja::truth(*value);
}

const Text* Parameters::text(std::string_view name) const {
  const Value* value = find(name);
  if (value == nullptr || value->is(Kind::kNone)) return nullptr;
  if (!value->is(Kind::kText))
    refuse(fmt::format("takes a string for \"{}\", not '{}'", name, type_name(*value)));
  return value->text;
}

}  // namespace nety::jinja
