// By cpp-httplib.
#include <fmt/core.h>
#include <httplib.h>

#include <algorithm>
#include <exception>

#include "bench/contender/http.h"
#include "core/base/error.h"

namespace nety::bench {
namespace {

constexpr int kGood = 200;
constexpr size_t kKept = 65536;
constexpr time_t kConnect = 5;      // seconds
constexpr time_t kLongest = 86400;  // whoever asked ends us before that

std::string words_of(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return "nobody listens there";
    case httplib::Error::Read:
      return "the connection was lost while it answered";
    case httplib::Error::Write:
      return "the connection was lost";
    default:
      return httplib::to_string(error);
  }
}

class Client final : public Http {
 public:
  Client(const std::string& origin, std::string prefix, const std::string& key)
      : client_(origin), prefix_(std::move(prefix)) {
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    client_.set_connection_timeout(kConnect);
    client_.set_read_timeout(kLongest);
    if (!key.empty()) client_.set_bearer_token_auth(key);
  }
  bool valid() const { return client_.is_valid(); }

  HttpAnswer get(const std::string& path) override {
    return answer_of(client_.Get(prefix_ + path));
  }

  HttpAnswer post(const std::string& path, const std::string& json,
                  const std::function<void(std::string_view)>& on_data) override {
    httplib::Request request;
    request.method = "POST";
    request.path = prefix_ + path;
    request.body = json;
    request.set_header("Content-Type", "application/json");
    request.set_header("Accept", "text/event-stream, application/json");
    std::string body;
    int status = 0;
    std::exception_ptr failure;
    request.response_handler = [&status](const httplib::Response& response) {
      status = response.status;
      return true;
    };
    request.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
      const std::string_view part(data, size);
      body.append(part.substr(0, kKept - std::min(body.size(), kKept)));
      try {
        if (status == kGood && on_data) on_data(part);
      } catch (...) {  // not through the library, which would keep its locks
        failure = std::current_exception();
      }
      return failure == nullptr;
    };
    httplib::Result result = client_.send(request);
    // A server may close a kept connection while we write to it (llama.cpp's does so after a few
    // requests). Nothing was answered then: once more, on a connection of its own.
    if (answered_ && status == 0 && lost(result)) result = client_.send(request);
    answered_ = answered_ || status != 0;
    HttpAnswer answer = answer_of(result);
    if (failure) std::rethrow_exception(failure);
    answer.body = std::move(body);
    return answer;
  }

 private:
  static bool lost(const httplib::Result& result) {
    return result.error() == httplib::Error::Read || result.error() == httplib::Error::Write;
  }
  static HttpAnswer answer_of(const httplib::Result& result) {
    HttpAnswer answer;
    if (!result) {
      answer.failure = words_of(result.error());
    } else {
      answer.status = result->status;
      answer.body = result->body.substr(0, kKept);
    }
    return answer;
  }

  httplib::Client client_;
  std::string prefix_;
  bool answered_ = false;  // so that a connection may have been kept
};

}  // namespace

std::unique_ptr<Http> connect_http(const std::string& url, const std::string& key) {
  const size_t scheme = url.find("://");
  const size_t path = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
  std::string prefix = path == std::string::npos ? "" : url.substr(path);
  for (const std::string_view end : {"/", "/v1"})
    if (prefix.ends_with(end)) prefix.resize(prefix.size() - end.size());
  auto client = std::make_unique<Client>(url.substr(0, path), prefix, key);
  if (!client->valid())
    throw Error(ErrorKind::kUsage, fmt::format("'{}' is no address of a server", url),
                "Give it as http://127.0.0.1:8080.");
  return client;
}

}  // namespace nety::bench
