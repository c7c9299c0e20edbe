#include "app/serve/access.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/files.h"

namespace nety::serve {
namespace {

constexpr size_t kShortestKey = 16, kLongestKey = 1024;

/// "127.0.0.1" of "127.0.0.1:8080", "::1" of "[::1]:8080".
std::string_view name_of_host(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

std::string checked_key(std::string key, std::string_view place) {
  if (key.size() >= kShortestKey && key.size() <= kLongestKey && is_printable_ascii(key))
    return key;
  throw Error(ErrorKind::kUsage, fmt::format("{} has no API key that can be used", place),
              fmt::format("It is {} to {} letters, digits and signs in the first line: "
                          "openssl rand -hex 24 makes one.",
                          kShortestKey, kLongestKey));
}

}  // namespace

bool is_loopback(std::string_view host) {
  const bool is_number = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || (is_number && host.starts_with("127."));
}

bool same_secret(std::string_view given, std::string_view secret) {
  volatile unsigned char difference = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char wanted = secret.empty() ? '\0' : secret[i % secret.size()];
    difference = static_cast<unsigned char>(difference | (given[i] ^ wanted));
  }
  return difference == 0;
}

std::string read_api_key(const std::string& file) {
  if (!file.empty()) return checked_key(first_line(read_file(file, 1 << 16)), file);
  const char* const variable = std::getenv("NETY_API_KEY");
  if (variable == nullptr) return {};
  return checked_key(variable, "NETY_API_KEY");
}

std::optional<ApiError> check_access(const Access& access, const HttpRequest& request) {
  if (access.key.empty()) {
    const std::string_view name = name_of_host(request.host);
    if (name.empty() || is_loopback(name) || name == access.host) return std::nullopt;
    return ApiError(403, "host_not_allowed",
                    fmt::format("this server is not called {}: without an API key it answers only "
                                "as localhost",
                                name));
  }
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = request.authorization;
  if (given.starts_with(kScheme) && same_secret(given.substr(kScheme.size()), access.key))
    return std::nullopt;
  return ApiError(401, "invalid_api_key",
                  given.empty() ? "an API key is needed: Authorization: Bearer KEY"
                                : "the API key is not the right one");
}

void add_origin_headers(const Access& access, const HttpRequest& request, HttpAnswer& answer) {
  if (access.origin.empty() || request.origin.empty()) return;
  if (access.origin != "*" && access.origin != request.origin) return;
  answer.headers.emplace_back("Access-Control-Allow-Origin", access.origin);
  answer.headers.emplace_back("Vary", "Origin");
}

}  // namespace nety::serve
