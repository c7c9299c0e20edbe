// The library that speaks HTTP, opened when a server starts.
#pragma once

#include <memory>

#include "app/serve/http.h"

namespace nety::serve {

/// A server by libnety_http.so, which lies where plugins do. Error: kEnvironment if it is not there
/// or of another build.
std::unique_ptr<HttpServer> make_http_server(HttpHandler& handler, const HttpLimits& limits);

}  // namespace nety::serve
