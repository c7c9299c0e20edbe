// The one error type of the program. Libraries throw it; only main catches it for good.
#pragma once

#include <stdexcept>
#include <string>

#include "core/base/error_kind.h"

namespace nety {

/// One clear message: `what()` says what is wrong and names the thing (file, tensor, option,
/// value); `hint()` says what to do about it. Neither ends in a newline.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& what, std::string hint = {})
      : std::runtime_error(what), kind_(kind), hint_(std::move(hint)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

}  // namespace nety
