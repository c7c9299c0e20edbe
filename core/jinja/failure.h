// Why a template cannot be read or rendered. Only template.cpp catches it: it knows the template's
// name and makes an Error of it.
#pragma once

#include <cstdint>
#include <string>

namespace nety::jinja {

struct Failure {
  enum class Kind : uint8_t {
    kSyntax,       ///< Jinja itself would not read it.
    kUnsupported,  ///< Jinja reads it, this interpreter does not.
    kWrong,   ///< Jinja would raise an exception: an undefined value is used, types do not fit.
    kRaised,  ///< The template called raise_exception().
    kLimit,   ///< A bound of Limits is reached.
  };
  Kind kind;
  std::string what;
  int line = 0;  ///< 0: where the evaluator is.
};

[[noreturn]] inline void fail(std::string what) {
  throw Failure{Failure::Kind::kWrong, std::move(what)};
}
[[noreturn]] inline void fail_unsupported(std::string what) {
  throw Failure{Failure::Kind::kUnsupported, std::move(what)};
}

}  // namespace nety::jinja
