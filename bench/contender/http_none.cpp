// A build without cpp-httplib.
#include "bench/contender/http.h"
#include "core/base/error.h"

namespace nety::bench {

std::unique_ptr<Http> connect_http(const std::string&, const std::string&) {
  throw Error(ErrorKind::kEnvironment, "this nety was built without an HTTP client",
              "Install libcpp-httplib-dev and build again.");
}

}  // namespace nety::bench
