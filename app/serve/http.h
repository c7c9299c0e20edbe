// HTTP as the server sees it. What speaks it is a library of its own (http/), opened only by nety
// serve: no other command starts slower, or lacks anything, because of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nety::serve {

/// A request; of its headers, those that we look at.
struct HttpRequest {
  std::string method, path;
  std::string host, origin, authorization, content_type;
  std::string client;  ///< Its address.
  std::string body;
};

/// Whoever sent a request, while it is answered.
class HttpPeer {
 public:
  virtual ~HttpPeer() = default;
  /// Sends a piece of a streamed body. False: it does not arrive, and nothing more will.
  virtual bool write(std::string_view text) = 0;
  /// Whether the peer has closed the connection.
  virtual bool gone() = 0;
};

struct HttpAnswer {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// Where it is set, it writes the body piece by piece, and returns at its end.
  std::function<void(HttpPeer& peer)> stream = {};
};

/// What answers. Called by many threads at the same time; throws nothing.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Before a body is read: an answer refuses the request, and ends the connection if there is a
  /// body.
  virtual std::optional<HttpAnswer> admit(const HttpRequest& head) = 0;
  virtual HttpAnswer answer(const HttpRequest& request, HttpPeer& peer) = 0;
  /// For what is refused because of HTTP alone: 400, 413, 503 ...
  virtual HttpAnswer refuse(int status, std::string_view why) = 0;
};

/// Bounds of what a client may take.
struct HttpLimits {
  size_t header_bytes = 16 << 10;  ///< The request line and all headers.
  size_t body_bytes = 8 << 20;
  size_t connections = 128;
  double read_seconds = 30;   ///< A whole request, from its first byte.
  double idle_seconds = 30;   ///< Between requests.
  double write_seconds = 30;  ///< Each piece of an answer.
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;
  /// Takes the address; port 0 is any. Returns the port, or a text of what is wrong.
  virtual std::pair<int, std::string> bind(const std::string& host, int port) = 0;
  /// Answers until stop(). False: listening failed.
  virtual bool listen() = 0;
  /// From another thread: nothing more is taken. Returns when what is being answered is.
  virtual void stop() = 0;
  /// From a third thread: connections that wait for their peers end.
  virtual void abandon() = 0;
};

/// A fingerprint of what crosses between the program and the library by its C++ type.
constexpr uint64_t http_layout() {
  uint64_t hash = 14695981039346656037ULL;
  for (const size_t size : {sizeof(HttpRequest), sizeof(HttpAnswer), sizeof(HttpLimits),
                            sizeof(HttpPeer), sizeof(HttpHandler), sizeof(HttpServer)})
    hash = (hash ^ size) * 1099511628211ULL;
  return hash;
}

/// The one symbol of the library. Null if the layout is another one's. The handler outlives the
/// server.
inline constexpr const char* kHttpEntry = "nety_http_v1";
using HttpEntry = HttpServer* (*)(uint64_t layout, HttpHandler* handler, const HttpLimits* limits);

}  // namespace nety::serve
