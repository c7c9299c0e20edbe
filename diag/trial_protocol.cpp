#include "diag/trial_protocol.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/options/json.h"

namespace nety::diag {
namespace {

using Json = nlohmann::json;

template <class Parse>
auto parsed(std::string_view line, Parse&& parse) {
  try {
    return parse(Json::parse(line));
  } catch (const Json::exception&) {
    throw Error(ErrorKind::kInternal,
                "not a line of the trial protocol: '" + std::string(line.substr(0, 80)) + "'");
  }
}

// JSON has no infinity: it is null there.
double error_of(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

Json json_of(const TimedPairs& pairs) {
  return {{"mode_s", pairs.mode_s}, {"reference_s", pairs.reference_s}};
}

TimedPairs pairs_of(const Json& json) {
  return {json.at("mode_s").get<std::vector<double>>(),
          json.at("reference_s").get<std::vector<double>>()};
}

Json json_of(const RateParts& parts) {
  return {{"bandwidth", parts.bandwidth},
          {"bandwidth_one", parts.bandwidth_one},
          {"triad", parts.triad},
          {"arithmetic", parts.arithmetic}};
}

RateParts parts_of(const Json& json) {
  return {.bandwidth = json.at("bandwidth").get<bool>(),
          .bandwidth_one = json.at("bandwidth_one").get<bool>(),
          .triad = json.at("triad").get<bool>(),
          .arithmetic = json.at("arithmetic").get<bool>()};
}

Json json_of(const std::map<std::string, Peak>& peaks) {
  Json out = Json::object();
  for (const auto& [type, peak] : peaks)
    out[type] = {{"ops_per_s", peak.ops_per_s}, {"loop", peak.loop}};
  return out;
}

std::map<std::string, Peak> peaks_of(const Json& json) {
  std::map<std::string, Peak> out;
  for (const auto& item : json.items())
    out[item.key()] = {item.value().at("ops_per_s").get<double>(),
                       item.value().at("loop").get<std::string>()};
  return out;
}

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string to_line(const WorkerQuestion& question) {
  Json json;
  if (const auto* trial = std::get_if<TrialRequest>(&question)) {
    json = {{"do", "trial"},
            {"timed", trial->timed},
            {"weights", trial->weights},
            {"budget_s", trial->budget_s}};
    options::write(trial->run, json);
  } else {
    const auto& rates = std::get<RatesRequest>(question);
    json = {{"do", "rates"}, {"memory_bytes", rates.memory_bytes}, {"parts", json_of(rates.parts)}};
    options::write(rates.run, json);
  }
  return dumped(json);
}

WorkerQuestion parse_question(std::string_view line) {
  return parsed(line, [](const Json& json) -> WorkerQuestion {
    if (json.at("do") == "rates") {
      RatesRequest rates;
      options::read(json, rates.run);
      rates.memory_bytes = json.at("memory_bytes").get<double>();
      rates.parts = parts_of(json.at("parts"));
      return rates;
    }
    TrialRequest trial;
    options::read(json, trial.run);
    trial.timed = json.at("timed").get<bool>();
    trial.weights = json.at("weights").get<int64_t>();
    trial.budget_s = json.at("budget_s").get<double>();
    return trial;
  });
}

std::string to_line(const TrialReply& reply) {
  return dumped({{"ok", reply.ok},
                 {"error", static_cast<int>(reply.error)},
                 {"what", reply.what},
                 {"kernel", reply.kernel},
                 {"error_share", reply.error_share},
                 {"worst_place", reply.worst_place},
                 {"bytes_per_weight", reply.bytes_per_weight},
                 {"vector_weights", reply.vector_weights},
                 {"matrix_products", reply.matrix_products},
                 {"vector", json_of(reply.vector)},
                 {"matrix", json_of(reply.matrix)}});
}

TrialReply parse_trial(std::string_view line) {
  return parsed(line, [](const Json& json) {
    TrialReply reply;
    reply.ok = json.at("ok").get<bool>();
    reply.error = static_cast<ErrorKind>(json.at("error").get<int>());
    reply.what = json.at("what").get<std::string>();
    reply.kernel = json.at("kernel").get<std::string>();
    reply.error_share = error_of(json.at("error_share"));
    reply.worst_place = json.at("worst_place").get<std::string>();
    reply.bytes_per_weight = json.at("bytes_per_weight").get<double>();
    reply.vector_weights = json.at("vector_weights").get<int64_t>();
    reply.matrix_products = json.at("matrix_products").get<int64_t>();
    reply.vector = pairs_of(json.at("vector"));
    reply.matrix = pairs_of(json.at("matrix"));
    return reply;
  });
}

std::string to_line(const Rates& rates) {
  return dumped({{"parts", json_of(rates.parts)},
                 {"read_bytes_per_s", rates.read_bytes_per_s},
                 {"read_one_bytes_per_s", rates.read_one_bytes_per_s},
                 {"read_pattern", rates.read_pattern},
                 {"read_one_pattern", rates.read_one_pattern},
                 {"triad_bytes_per_s", rates.triad_bytes_per_s},
                 {"buffer_bytes", rates.buffer_bytes},
                 {"clock_hz", rates.clock_hz},
                 {"threads", rates.threads},
                 {"peaks", json_of(rates.peaks)},
                 {"peaks_one", json_of(rates.peaks_one)}});
}

Rates parse_rates(std::string_view line) {
  return parsed(line, [](const Json& json) {
    Rates rates;
    rates.parts = parts_of(json.at("parts"));
    rates.read_bytes_per_s = json.at("read_bytes_per_s").get<double>();
    rates.read_one_bytes_per_s = json.at("read_one_bytes_per_s").get<double>();
    rates.read_pattern = json.at("read_pattern").get<std::string>();
    rates.read_one_pattern = json.at("read_one_pattern").get<std::string>();
    rates.triad_bytes_per_s = json.at("triad_bytes_per_s").get<double>();
    rates.buffer_bytes = json.at("buffer_bytes").get<double>();
    rates.clock_hz = json.at("clock_hz").get<double>();
    rates.threads = json.at("threads").get<int>();
    rates.peaks = peaks_of(json.at("peaks"));
    rates.peaks_one = peaks_of(json.at("peaks_one"));
    return rates;
  });
}

}  // namespace nety::diag
