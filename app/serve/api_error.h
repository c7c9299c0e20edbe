// What a request is refused with, in the form that clients of OpenAI's interface know.
#pragma once

#include <stdexcept>
#include <string>

#include "app/serve/http.h"

namespace nety::serve {

/// Thrown while a request is read; only Api catches it.
class ApiError : public std::runtime_error {
 public:
  /// `code`: a word for programs; `field`: of the request, if it is about one.
  ApiError(int status, std::string code, const std::string& what, std::string field = {})
      : std::runtime_error(what),
        status_(status),
        code_(std::move(code)),
        field_(std::move(field)) {}

  int status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::string& field() const { return field_; }

 private:
  int status_;
  std::string code_, field_;
};

/// {"error": {"message", "type", "param", "code"}}
std::string error_body(const ApiError& error);
HttpAnswer error_answer(const ApiError& error);

}  // namespace nety::serve
