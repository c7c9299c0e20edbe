// The little that a client of an OpenAI-compatible server needs of HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace nety::bench {

struct HttpAnswer {
  int status = 0;       ///< 0: there was none, see `failure`.
  std::string body;     ///< Its first 64 kB.
  std::string failure;  ///< "the connection was refused", "the connection was lost" ...
};

/// A connection that is kept open between requests.
class Http {
 public:
  virtual ~Http() = default;
  virtual HttpAnswer get(const std::string& path) = 0;
  /// Posts JSON; hands the body over as it comes.
  virtual HttpAnswer post(const std::string& path, const std::string& json,
                          const std::function<void(std::string_view)>& on_data) = 0;
};

/// "http://127.0.0.1:8080" or with a path in front of all paths. `key`: for the Authorization
/// header; empty: none. Error: kUsage for what is no URL; kEnvironment where this program was built
/// without an HTTP client.
std::unique_ptr<Http> connect_http(const std::string& url, const std::string& key);

}  // namespace nety::bench
