#include "app/serve/api_error.h"

#include "app/serve/json_text.h"

namespace nety::serve {
namespace {

const char* type_of(int status) {
  if (status == 401) return "authentication_error";
  if (status == 403) return "permission_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

}  // namespace

std::string error_body(const ApiError& error) {
  nlohmann::ordered_json json;
  json["error"] = {{"message", error.what()},
                   {"type", type_of(error.status())},
                   {"param", error.field().empty() ? nlohmann::ordered_json()
                                                   : nlohmann::ordered_json(error.field())},
                   {"code", error.code()}};
  return text_of(json);
}

HttpAnswer error_answer(const ApiError& error) {
  HttpAnswer answer{.status = error.status(), .body = error_body(error)};
  if (error.status() == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.status() == 429 || error.status() == 503)
    answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

}  // namespace nety::serve
