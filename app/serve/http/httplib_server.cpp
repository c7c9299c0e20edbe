// HTTP by cpp-httplib: it parses requests and writes answers. Connections, their threads and their
// limits are ours (connection.h, connection_threads.h), since the library bounds neither the number
// of headers nor the time that a request takes to come.
#include <httplib.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

#include "app/serve/http.h"
#include "app/serve/http/connection.h"
#include "app/serve/http/connection_threads.h"

namespace nety::serve {
namespace {

using HandlerResponse = httplib::Server::HandlerResponse;

/// Threads beyond HttpLimits::connections, which only say that there are too many.
constexpr size_t kRefusingThreads = 4;
constexpr int kBacklog = 256;  // the library's is 5

/// The connection that this thread serves: the library does not hand it to handlers.
thread_local Connection* served = nullptr;
thread_local bool close_after = false;

class Peer final : public HttpPeer {
 public:
  explicit Peer(Connection& connection, httplib::DataSink* sink = nullptr)
      : connection_(connection), sink_(sink) {}
  bool write(std::string_view text) override {
    arrives_ = arrives_ && sink_ != nullptr && sink_->write(text.data(), text.size());
    return arrives_;
  }
  bool gone() override { return !arrives_ || connection_.gone(); }
  bool arrives() const { return arrives_; }

 private:
  Connection& connection_;
  httplib::DataSink* sink_;
  bool arrives_ = true;
};

HttpRequest head_of(const httplib::Request& request) {
  return {.method = request.method,
          .path = request.path,
          .host = request.get_header_value("Host"),
          .origin = request.get_header_value("Origin"),
          .authorization = request.get_header_value("Authorization"),
          .content_type = request.get_header_value("Content-Type"),
          .client = request.remote_addr,
          .body = {}};
}

void fill(httplib::Response& response, const HttpAnswer& answer) {
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers) response.set_header(name, value);
  if (!answer.stream) {
    response.set_content(answer.body, answer.type);
    return;
  }
  response.set_chunked_content_provider(answer.type,
                                        [stream = answer.stream](size_t, httplib::DataSink& sink) {
                                          Peer peer(*served, &sink);
                                          stream(peer);
                                          if (!peer.arrives()) return false;
                                          sink.done();
                                          return true;
                                        });
}

/// A refusal whose request was not read to its end: the connection cannot be used any more.
void refuse(httplib::Response& response, const HttpAnswer& answer) {
  fill(response, answer);
  response.set_header("Connection", "close");
  close_after = true;
}

/// How long a body is said to be; nothing if that cannot be told apart from the next request.
std::optional<uint64_t> stated_length(const httplib::Request& request) {
  const size_t lengths = request.get_header_value_count("Content-Length");
  const size_t codings = request.get_header_value_count("Transfer-Encoding");
  if (lengths + codings > 1) return std::nullopt;
  if (codings == 1)
    return request.get_header_value("Transfer-Encoding") == "chunked" ? std::optional<uint64_t>(0)
                                                                      : std::nullopt;
  if (lengths == 0) return 0;
  const std::string text = request.get_header_value("Content-Length");
  if (text.empty() || text.size() > 15 || text.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoull(text);
}

class Server final : public HttpServer {
 public:
  Server(HttpHandler& handler, const HttpLimits& limits)
      : handler_(handler), limits_(limits), library_(*this) {
    library_.new_task_queue = [this] {
      return new ConnectionThreads(limits_.connections + kRefusingThreads);
    };
    library_.set_tcp_nodelay(true);
    library_.set_keep_alive_timeout(
        static_cast<time_t>(limits.idle_seconds));  // it is told clients
    // The library's own options let two servers share a port.
    library_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    library_.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          return before_body(request, response);
        });
    library_.Post(
        "/.*", [this](const httplib::Request& request, httplib::Response& response,
                      const httplib::ContentReader& read) { with_body(request, response, read); });
    library_.set_error_handler(httplib::Server::HandlerWithResponse(
        [this](const httplib::Request&, httplib::Response& response) {
          return explain(response);
        }));
  }

  std::pair<int, std::string> bind(const std::string& host, int port) override {
    errno = 0;
    const int bound = port == 0                           ? library_.bind_to_any_port(host)
                      : library_.bind_to_port(host, port) ? port
                                                          : -1;
    if (bound < 0) return {-1, errno != 0 ? std::strerror(errno) : "the address cannot be taken"};
    library_.lengthen_backlog();
    return {bound, ""};
  }

  bool listen() override {
    listening_ = true;
    const bool well = stopping_ || library_.listen_after_bind() || stopping_;
    listening_ = false;
    return well;
  }

  void stop() override {
    stopping_ = true;
    // Again, where listening was about to begin.
    do {
      library_.stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    } while (listening_);
  }

  void abandon() override { abandoned_ = true; }

 private:
  class Library final : public httplib::Server {
   public:
    explicit Library(serve::Server& owner) : owner_(owner) {}
    void lengthen_backlog() { ::listen(svr_sock_, kBacklog); }

   private:
    bool process_and_close_socket(socket_t socket) override {
      owner_.serve(socket, [this](Connection& connection, bool& closed) {
        return process(*this, connection, closed);
      });
      return true;
    }
    // Later versions of the library take the addresses as well.
    template <class Self>
    static bool process(Self& self, Connection& connection, bool& closed) {
      const std::function<void(httplib::Request&)> none;
      if constexpr (requires { self.process_request(connection, false, closed, none); }) {
        return self.process_request(connection, false, closed, none);
      } else {
        std::string remote, local;
        int remote_port = 0, local_port = 0;
        connection.get_remote_ip_and_port(remote, remote_port);
        connection.get_local_ip_and_port(local, local_port);
        return self.process_request(connection, remote, remote_port, local, local_port, false,
                                    closed, none);
      }
    }
    serve::Server& owner_;
  };
  using Process = std::function<bool(Connection&, bool& closed)>;

  void serve(int socket, const Process& process) {
    Connection connection(socket, limits_, abandoned_);
    if (connections_.fetch_add(1) >= limits_.connections)
      refuse_connection(connection);
    else
      serve_requests(connection, process);
    connections_.fetch_sub(1);
  }

  void serve_requests(Connection& connection, const Process& process) {
    served = &connection;
    while (connection.wait_for_request([this] { return stopping_.load(); })) {
      connection.begin_request();
      close_after = false;
      bool closed = false;
      try {
        if (!process(connection, closed) || closed || close_after) break;
      } catch (const std::exception&) {
        break;  // no memory for a request: its connection ends, the server does not
      }
    }
    served = nullptr;
  }

  void refuse_connection(Connection& connection) {
    const HttpAnswer answer = handler_.refuse(503, "there are too many connections");
    const std::string text = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: " + answer.type +
                             "\r\nContent-Length: " + std::to_string(answer.body.size()) +
                             "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n" + answer.body;
    connection.write(text.data(), text.size());
  }

  // Everything that can be said without the body.
  HandlerResponse before_body(const httplib::Request& request, httplib::Response& response) {
    const HttpRequest head = head_of(request);
    const std::optional<uint64_t> length = stated_length(request);
    const bool chunked = request.has_header("Transfer-Encoding");
    const bool has_body = !length || *length > 0 || chunked;
    const auto refused = [&](const HttpAnswer& answer) {
      if (has_body)
        refuse(response, answer);
      else
        fill(response, answer);
      return HandlerResponse::Handled;
    };
    if (!length) return refused(handler_.refuse(400, "it is unclear where the body ends"));
    if (const auto answer = handler_.admit(head)) return refused(*answer);
    // Nothing is unpacked here: a small body may become a large one.
    const std::string packed = request.get_header_value("Content-Encoding");
    if (!packed.empty() && packed != "identity")
      return refused(handler_.refuse(415, "compressed bodies are not taken"));
    if (*length > limits_.body_bytes)
      return refused(handler_.refuse(
          413, "the body is larger than " + std::to_string(limits_.body_bytes) + " bytes"));
    if (request.method == "POST") {
      if (chunked || request.has_header("Content-Length")) return HandlerResponse::Unhandled;
      return refused(handler_.refuse(411, "a body with its length is needed"));
    }
    if (has_body) return refused(handler_.refuse(400, "this method takes no body"));
    Peer peer(*served);
    fill(response, handler_.answer(head, peer));
    return HandlerResponse::Handled;
  }

  void with_body(const httplib::Request& request, httplib::Response& response,
                 const httplib::ContentReader& read) {
    HttpRequest whole = head_of(request);
    served->begin_body();
    bool fits = true;
    const bool complete = read([&](const char* data, size_t size) {
      fits = whole.body.size() + size <= limits_.body_bytes;
      if (fits) whole.body.append(data, size);
      return fits;
    });
    if (!fits || served->exceeded())
      return refuse(response,
                    handler_.refuse(413, "the body is larger than " +
                                             std::to_string(limits_.body_bytes) + " bytes"));
    if (!complete)
      return refuse(response, served->late() ? handler_.refuse(408, "the body did not come in time")
                                             : handler_.refuse(400, "the body cannot be read"));
    Peer peer(*served);
    fill(response, handler_.answer(whole, peer));
  }

  // What the library refuses by itself, in the form of all errors.
  HandlerResponse explain(httplib::Response& response) {
    if (!response.body.empty() || response.content_provider_) return HandlerResponse::Unhandled;
    if (served != nullptr && served->late())
      refuse(response, handler_.refuse(408, "the request did not come in time"));
    else if (served != nullptr && served->exceeded())
      refuse(response, handler_.refuse(431, "the headers are too long"));
    else
      refuse(response, handler_.refuse(response.status, "this is not a request that can be read"));
    return HandlerResponse::Handled;
  }

  HttpHandler& handler_;
  HttpLimits limits_;
  std::atomic<size_t> connections_{0};
  std::atomic<bool> stopping_{false}, listening_{false}, abandoned_{false};
  Library library_;
};

}  // namespace
}  // namespace nety::serve

extern "C" __attribute__((visibility("default"))) nety::serve::HttpServer* nety_http_v1(
    uint64_t layout, nety::serve::HttpHandler* handler, const nety::serve::HttpLimits* limits) {
  if (layout != nety::serve::http_layout()) return nullptr;
  return new nety::serve::Server(*handler, *limits);
}
