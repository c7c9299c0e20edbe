// What a function, filter or method was given, by its parameters' names.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/jinja/value.h"

namespace nety::jinja {

class Parameters {
 public:
  /// `function` names it in messages; at most four names. Error: Failure for arguments that it does
  /// not take.
  Parameters(std::string_view function, const Arguments& arguments,
             std::initializer_list<std::string_view> names);

  /// The value of a parameter, if it was given.
  const Value* find(std::string_view name) const;
  /// The same of one that must be. Error: Failure.
  const Value& get(std::string_view name) const;

  /// A parameter as what it has to be. Error: Failure for another type.
  int64_t whole(std::string_view name, int64_t otherwise) const;
  bool truth(std::string_view name, bool otherwise) const;
  /// Null if it was not given, or None.
  const Text* text(std::string_view name) const;

 private:
  [[noreturn]] void refuse(std::string what) const;

  std::string_view function_;
  const Arguments* arguments_;
  std::array<std::string_view, 4> names_ = {};
  size_t count_;
};

}  // namespace nety::jinja
