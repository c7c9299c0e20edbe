// What the server answers at which address: the chat page, OpenAI's interface, health, metrics, and
// its description.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/serve/access.h"
#include "app/serve/http.h"
#include "app/serve/metrics_text.h"
#include "app/serve/served.h"
#include "core/serving/service.h"

namespace nety::serve {

class Api final : public HttpHandler {
 public:
  /// `facts` are asked for with each look at /metrics. All of it outlives the requests.
  Api(const Served& served, serving::Service& service, const Access& access,
      std::function<ServerFacts()> facts);

  std::optional<HttpAnswer> admit(const HttpRequest& head) override;
  HttpAnswer answer(const HttpRequest& request, HttpPeer& peer) override;
  HttpAnswer refuse(int status, std::string_view why) override;

 private:
  struct Route;
  static const Route kRoutes[], kOneModel;
  struct Found {
    const Route* route = nullptr;
    std::string_view allowed = {};  ///< Where only the method is wrong: the right one.
  };

  HttpAnswer page(const HttpRequest& request, HttpPeer& peer);
  HttpAnswer chat(const HttpRequest& request, HttpPeer& peer);
  HttpAnswer completion(const HttpRequest& request, HttpPeer& peer);
  HttpAnswer models(const HttpRequest& request, HttpPeer& peer);
  HttpAnswer one_model(const HttpRequest& request, HttpPeer& peer);
  HttpAnswer health(const HttpRequest& request, HttpPeer& peer);
  HttpAnswer metrics(const HttpRequest& request, HttpPeer& peer);
  HttpAnswer description(const HttpRequest& request, HttpPeer& peer);

  static Found find(const HttpRequest& request);
  HttpAnswer complete(const Ask& ask, const HttpRequest& request, HttpPeer& peer);
  serving::Request request_of(const Ask& ask, PromptTokens prompt, const std::string& client) const;
  PromptTokens render(const Ask& ask) const;
  serving::Ticket submit(serving::Request request);

  const Served& served_;
  serving::Service& service_;
  Access access_;
  std::function<ServerFacts()> facts_;
};

}  // namespace nety::serve
