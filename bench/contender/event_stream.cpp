#include "bench/contender/event_stream.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/printable.h"

namespace nety::bench {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostQuoted = 120;
constexpr size_t kLongestLine = size_t{16} << 20;

[[noreturn]] void refuse(std::string_view what, std::string_view bytes) {
  throw Error(ErrorKind::kInternal,
              fmt::format("{}: '{}'", what, one_line(bytes.substr(0, kMostQuoted))),
              "It must answer /v1/completions with stream: true as OpenAI's servers do.");
}

int64_t count_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<int64_t>() : -1;
}

std::string message_in(const Json& error) {
  if (error.is_string()) return error.get<std::string>();
  if (error.is_object() && error.contains("message") && error["message"].is_string())
    return error["message"].get<std::string>();
  return error.dump();
}

}  // namespace

void refuse_answer(int status, std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  std::string said(body.substr(0, kMostQuoted));
  for (const char* key : {"error", "detail"})
    if (json.is_object() && json.contains(key)) said = message_in(json[key]);
  throw Error(ErrorKind::kInternal, fmt::format("it answered with HTTP status {}: {}", status,
                                                one_line(said.substr(0, 300))));
}

void EventStream::take(std::string_view bytes) {
  pending_ += bytes;
  size_t begin = 0;
  for (size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    std::string_view line = std::string_view(pending_).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(line);
  }
  pending_.erase(0, begin);
  if (pending_.size() > kLongestLine) refuse("a line without an end", pending_);
}

void EventStream::take_line(std::string_view line) {
  constexpr std::string_view kData = "data:";
  if (line.empty() || line.starts_with(':')) return;  // between events, and comments
  for (const std::string_view other : {"event:", "id:", "retry:"})
    if (line.starts_with(other)) return;
  if (!line.starts_with(kData)) refuse("it sent no event of a stream", line);
  line.remove_prefix(kData.size());
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (line != "[DONE]") take_event(line);
}

void EventStream::take_event(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) refuse("an event is no JSON object", text);
  if (json.contains("error"))
    throw Error(ErrorKind::kInternal,
                fmt::format("it sent an error: {}", one_line(message_in(json["error"]))));
  ++events_;
  if (const auto usage = json.find("usage"); usage != json.end() && usage->is_object()) {
    prompt_tokens_ = count_in(*usage, "prompt_tokens");
    completion_tokens_ = count_in(*usage, "completion_tokens");
    if (const auto details = usage->find("prompt_tokens_details");
        details != usage->end() && details->is_object())
      cached_tokens_ = count_in(*details, "cached_tokens");
  }
  const auto choices = json.find("choices");
  if (choices == json.end() || !choices->is_array()) refuse("an event has no choices", text);
  if (choices->empty()) return;  // that of the usage
  const Json& choice = choices->front();
  const auto piece = choice.is_object() ? choice.find("text") : choice.end();
  if (!choice.is_object() || piece == choice.end() || !piece->is_string())
    refuse("a choice has no text", text);
  if (piece->get_ref<const std::string&>().empty()) return;
  text_ += piece->get_ref<const std::string&>();
  times_.push_back(watch_.seconds());
}

}  // namespace nety::bench
