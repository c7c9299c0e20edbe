#include "app/serve/metrics_text.h"

#include <fmt/core.h>

#include <string_view>

namespace nety::serve {
namespace {

/// Of a value between quotes: backslash, quote and line end are escaped.
std::string label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

class Page {
 public:
  void head(std::string_view name, std::string_view type, std::string_view help) {
    text_ += fmt::format("# HELP nety_{0} {2}\n# TYPE nety_{0} {1}\n", name, type, help);
  }
  template <class Value>
  void row(std::string_view name, Value value, std::string_view labels = {}) {
    text_ += labels.empty() ? fmt::format("nety_{} {}\n", name, value)
                            : fmt::format("nety_{}{{{}}} {}\n", name, labels, value);
  }
  template <class Value>
  void one(std::string_view name, std::string_view type, std::string_view help, Value value) {
    head(name, type, help);
    row(name, value);
  }
  void histogram(std::string_view name, std::string_view help, const serving::Histogram& of) {
    head(name, "histogram", help);
    const std::string bucket = fmt::format("{}_bucket", name);
    uint64_t below = 0;
    for (size_t i = 0; i < of.bounds().size(); ++i) {
      below += of.count(i);
      row(bucket, below, fmt::format("le=\"{}\"", of.bounds()[i]));
    }
    row(bucket, of.total(), "le=\"+Inf\"");
    row(fmt::format("{}_sum", name), of.sum());
    row(fmt::format("{}_count", name), of.total());
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string_view name_of(serving::Refusal refusal) {
  switch (refusal) {
    case serving::Refusal::kQueueFull:
      return "queue_full";
    case serving::Refusal::kPromptTooLong:
      return "prompt_too_long";
    case serving::Refusal::kStopping:
      return "stopping";
  }
  return "";
}

void add_requests(Page& page, const serving::Statistics& statistics) {
  page.head("requests_total", "counter", "Requests by how they ended.");
  for (size_t i = 0; i < statistics.ended.size(); ++i)
    page.row("requests_total", statistics.ended.at(i),
             fmt::format("end=\"{}\"", serving::name_of(static_cast<serving::End>(i))));
  page.head("requests_refused_total", "counter", "Requests that were not taken.");
  for (size_t i = 0; i < statistics.refused.size(); ++i)
    page.row("requests_refused_total", statistics.refused.at(i),
             fmt::format("reason=\"{}\"", name_of(static_cast<serving::Refusal>(i))));
  page.one("requests_waiting", "gauge", "Requests in the queue.", statistics.waiting);
  page.one("requests_running", "gauge", "Requests that are answered.", statistics.running);
}

}  // namespace

std::string metrics_text(const serving::Statistics& statistics, const ServerFacts& facts,
                         const ModelCard& card) {
  Page page;
  page.head("model_info", "gauge", "What is served.");
  page.row("model_info", 1,
           fmt::format("model=\"{}\",mode=\"{}\",backend=\"{}\",device=\"{}\"", label(card.id),
                       label(card.mode), label(card.backend), label(card.device)));
  add_requests(page, statistics);
  page.one("slots", "gauge", "Requests that can be answered at the same time.", facts.slots);
  page.one("queue_limit", "gauge", "Requests that can wait.", facts.queue);
  page.one("prompt_tokens_total", "counter", "Tokens of prompts that were read.",
           statistics.prompt_tokens);
  page.one("reused_tokens_total", "counter", "Tokens of prompts that had been read before.",
           statistics.reused_tokens);
  page.one("answer_tokens_total", "counter", "Tokens that were made.", statistics.answer_tokens);
  page.one("steps_total", "counter", "Steps of the engine.", statistics.steps);
  page.one("step_seconds_total", "counter", "Time in steps of the engine.",
           statistics.step_seconds);
  page.histogram("queue_seconds", "From arrival to the first step.", statistics.queue_seconds);
  page.histogram("ttft_seconds", "From arrival to the first token.", statistics.ttft_seconds);
  page.histogram("tpot_seconds", "Time per token after the first: the mean of an answer.",
                 statistics.tpot_seconds);
  page.one("kv_cache_bytes", "gauge", "Reserved for keys and values.", facts.cache_bytes);
  if (facts.rss_bytes)
    page.one("resident_memory_bytes", "gauge", "Resident memory.", *facts.rss_bytes);
  if (facts.anonymous_bytes)
    page.one("anonymous_memory_bytes", "gauge", "Resident memory that is no mapped file.",
             *facts.anonymous_bytes);
  return std::move(page).text();
}

}  // namespace nety::serve
