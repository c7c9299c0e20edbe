// The library that speaks HTTP, against clients that mean harm, are slow, or vanish.
#include "app/serve/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "app/serve/http_library.h"
#include "core/base/error.h"
#include "tests/error_of.h"
#include "tests/serve/raw_client.h"

namespace nety::serve {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

/// Answers with what it was sent; some paths do more.
class Echo final : public HttpHandler {
 public:
  std::optional<HttpAnswer> admit(const HttpRequest& head) override {
    if (head.path == "/closed") return HttpAnswer{.status = 401, .body = "no"};
    return std::nullopt;
  }
  HttpAnswer answer(const HttpRequest& request, HttpPeer& peer) override {
    ++answered;
    if (request.path == "/wait") {
      while (!peer.gone()) std::this_thread::sleep_for(5ms);
      saw_gone = true;
    }
    if (request.path == "/stream")
      return {.type = "text/event-stream", .stream = [this](HttpPeer& reader) {
                for (int i = 0; i < 3; ++i) reader.write("piece " + std::to_string(i) + "\n");
                ++streams_ended;
              }};
    if (request.path == "/flood")
      return {.type = "text/plain", .stream = [this](HttpPeer& reader) {
                const std::string much(1 << 20, 'x');
                for (int i = 0; i < 64 && reader.write(much); ++i) {
                }
                ++streams_ended;
              }};
    return {.body = request.method + " " + request.path + " " + request.body};
  }
  HttpAnswer refuse(int status, std::string_view why) override {
    return {.status = status, .body = std::string(why)};
  }

  std::atomic<int> answered{0}, streams_ended{0};
  std::atomic<bool> saw_gone{false};
};

class Http : public testing::Test {
 protected:
  static HttpLimits limits(double seconds) {
    return {.header_bytes = 16 << 10,
            .body_bytes = 1000,
            .connections = 4,
            .read_seconds = seconds,
            .idle_seconds = seconds,
            .write_seconds = seconds};
  }

  // Patient, since the machine may be busy.
  explicit Http(double seconds = 20) : server_(make_http_server(handler_, limits(seconds))) {
    const auto [port, trouble] = server_->bind("127.0.0.1", 0);
    EXPECT_GT(port, 0) << trouble;
    port_ = port;
    listener_ = std::thread([this] { EXPECT_TRUE(server_->listen()); });
  }
  ~Http() override {
    server_->abandon();
    server_->stop();
    listener_.join();
  }
  std::string exchange(const std::string& request) {
    RawClient client(port_);
    client.send(request);
    return client.read();
  }
  template <class Condition>
  static bool comes_true(const Condition& condition) {
    for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(10ms);
    return condition();
  }

  Echo handler_;
  std::unique_ptr<HttpServer> server_;
  int port_ = 0;
  std::thread listener_;
};

class HttpInAHurry : public Http {
 protected:
  HttpInAHurry() : Http(0.5) {}
};

TEST_F(Http, AnswersWithAndWithoutABody) {
  EXPECT_THAT(exchange(http_request("GET", "/a")), EndsWith("\r\n\r\nGET /a "));
  EXPECT_THAT(exchange(http_request("POST", "/b", "{}")), EndsWith("POST /b {}"));
  EXPECT_EQ(status_of(exchange(http_request("HEAD", "/a"))), 200);
}

TEST_F(Http, AnswersSeveralRequestsOfAConnection) {
  RawClient client(port_);
  for (int i = 0; i < 3; ++i) {
    client.send("GET /again HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.read(2, "GET /again "), HasSubstr("200 OK"));
  }
}

TEST_F(Http, StreamsInChunks) {
  const std::string answer = exchange(http_request("POST", "/stream", "{}"));
  EXPECT_THAT(answer, HasSubstr("text/event-stream"));
  EXPECT_THAT(answer, HasSubstr("8\r\npiece 0\n\r\n"));
  EXPECT_THAT(answer, EndsWith("0\r\n\r\n"));
}

TEST_F(Http, RefusesBeforeItReadsTheBody) {
  RawClient client(port_);
  client.send("POST /closed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n");
  EXPECT_EQ(status_of(client.read()), 401);
  EXPECT_TRUE(client.closed()) << "the body is not taken for the next request";
  EXPECT_EQ(handler_.answered, 0);
}

TEST_F(Http, RefusesBodiesThatAreTooLarge) {
  const std::string large(1001, 'x'), fits(1000, 'x');
  EXPECT_EQ(status_of(exchange(http_request("POST", "/", fits))), 200);
  EXPECT_EQ(status_of(exchange(http_request("POST", "/", large))), 413);
  const std::string head =
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of(exchange(head + "3e9\r\n" + large + "\r\n0\r\n\r\n")), 413);
  std::string endless = head;
  for (int i = 0; i < 20000; ++i) endless += "1\r\nx\r\n";
  EXPECT_EQ(status_of(exchange(endless)), 413);
  // Negative lengths wrap around in the library.
  EXPECT_THAT(status_of(exchange(head + "-2\r\n" + large + large)), testing::AnyOf(400, 413));
  EXPECT_EQ(status_of(exchange("POST / HTTP/1.1\r\nHost: localhost\r\n"
                               "Content-Length: 99999999999999999999\r\n\r\n")),
            400);
}

TEST_F(Http, RefusesBodiesWhoseEndIsUnclear) {
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(status_of(exchange(head + "\r\n")), 411);
  for (const std::string headers :
       {"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: -2\r\n",
        "Content-Length: two\r\n", "Transfer-Encoding: gzip\r\n"})
    EXPECT_EQ(status_of(exchange(head + headers + "\r\n{}")), 400) << headers;
  EXPECT_EQ(status_of(exchange("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}")),
            400);
  EXPECT_EQ(handler_.answered, 0);
}

TEST_F(Http, UnpacksNothing) {
  EXPECT_EQ(status_of(exchange(http_request("POST", "/", "{}", "Content-Encoding: gzip\r\n"))),
            415);
  EXPECT_EQ(handler_.answered, 0);
}

TEST_F(Http, RefusesWhatIsNoRequest) {
  for (const std::string text : {"GARBAGE\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n",
                                 "GET / HTTP/9.9\r\n\r\n", "FROB / HTTP/1.1\r\n\r\n"}) {
    const std::string answer = exchange(text);
    EXPECT_TRUE(answer.empty() || status_of(answer) == 400) << text << answer;
  }
  const std::string zeros("\0\xff\x16\x03\x01 / HTTP/1.1\r\n\r\n", 20);
  const std::string answer = exchange(zeros);
  EXPECT_TRUE(answer.empty() || status_of(answer) == 400) << answer;
}

TEST_F(Http, BoundsHeaders) {
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_THAT(exchange(many + "\r\n"), testing::AnyOf("", HasSubstr(" 431 ")));
  EXPECT_THAT(exchange("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n"),
              testing::AnyOf("", HasSubstr(" 414 "), HasSubstr(" 431 ")));
  EXPECT_EQ(handler_.answered, 0);
  // The library looks at this one with a regular expression.
  std::string ranges = "bytes=0-0";
  while (ranges.size() < 8000) ranges += ",0-0";
  const std::string answer = exchange(http_request("GET", "/", "", "Range: " + ranges + "\r\n"));
  EXPECT_NE(status_of(answer), 500);
  EXPECT_EQ(status_of(exchange(http_request("GET", "/a"))), 200) << "it lives";
}

TEST_F(HttpInAHurry, EndsRequestsThatTrickleIn) {
  const auto begin = std::chrono::steady_clock::now();
  RawClient client(port_);
  const std::string request = http_request("GET", "/slow");
  size_t sent = 0;
  while (sent < request.size() && client.send(request.substr(sent, 1))) {
    ++sent;
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_LT(sent, request.size());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
  EXPECT_EQ(handler_.answered, 0);
}

TEST_F(HttpInAHurry, EndsBodiesThatDoNotCome) {
  RawClient client(port_);
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nfive!");
  EXPECT_EQ(status_of(client.read(4)), 408);
}

TEST_F(HttpInAHurry, ClosesConnectionsThatSayNothing) {
  RawClient client(port_);
  EXPECT_EQ(client.read(4), "");
  EXPECT_TRUE(client.closed());
}

TEST_F(Http, SaysThatThereAreTooManyConnections) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(port_));
    clients.back()->send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  EXPECT_TRUE(comes_true([&] { return handler_.answered == 4; }));
  EXPECT_EQ(status_of(exchange(http_request("GET", "/a"))), 503);
  clients.clear();
  EXPECT_TRUE(comes_true([&] { return status_of(exchange(http_request("GET", "/a"))) == 200; }));
}

TEST_F(Http, NoticesThatAClientHasGone) {
  {
    RawClient client(port_);
    client.send(http_request("GET", "/wait"));
    EXPECT_TRUE(comes_true([&] { return handler_.answered == 1; }));
  }
  EXPECT_TRUE(comes_true([&] { return handler_.saw_gone.load(); }));
}

TEST_F(HttpInAHurry, DoesNotWaitForAClientThatDoesNotRead) {
  RawClient client(port_);
  client.send(http_request("GET", "/flood"));
  EXPECT_TRUE(comes_true([&] { return handler_.streams_ended == 1; }));
}

TEST_F(Http, RefusesAnAddressThatIsTaken) {
  const auto other = make_http_server(handler_, limits(20));
  const auto [port, trouble] = other->bind("127.0.0.1", port_);
  EXPECT_EQ(port, -1);
  EXPECT_FALSE(trouble.empty());
}

TEST(HttpLibrary, IsRefusedByNameWhereItIsMissing) {
  ::setenv("NETY_PLUGIN_DIR", "/nowhere", 1);
  Echo handler;
  const Error error = error_of([&] { make_http_server(handler, {}); });
  ::unsetenv("NETY_PLUGIN_DIR");
  EXPECT_EQ(error.kind(), ErrorKind::kEnvironment);
  EXPECT_THAT(error.what(), HasSubstr("libnety_http.so is missing"));
}

}  // namespace
}  // namespace nety::serve
