// Who may ask: by an API key, and from which pages a browser may.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/serve/api_error.h"
#include "app/serve/http.h"

namespace nety::serve {

struct Access {
  std::string key;     ///< Empty: none is asked for.
  std::string host;    ///< The address that is listened on.
  std::string origin;  ///< From which pages a browser may ask: "https://a.b", "*"; empty: none.
};

/// Whether an address is this machine's own: nobody else reaches it.
bool is_loopback(std::string_view host);

/// In a time that depends on the length of `given` only.
bool same_secret(std::string_view given, std::string_view secret);

/// The key in the first line of `file`, or of the variable NETY_API_KEY if `file` is empty; empty
/// if there is neither. Errors: kIo; kUsage for a key that is empty, short, or not printable.
std::string read_api_key(const std::string& file);

/// What is wrong with a request, by its headers. Without a key, a Host that is no name of this
/// machine is refused: a page elsewhere may have a name that leads here ("DNS rebinding").
std::optional<ApiError> check_access(const Access& access, const HttpRequest& request);

/// Headers that let a page of `access.origin` read the answer.
void add_origin_headers(const Access& access, const HttpRequest& request, HttpAnswer& answer);

}  // namespace nety::serve
