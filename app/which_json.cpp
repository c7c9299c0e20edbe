// What nety which found, for programs. Numbers that are not finite are null.
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/which_report.h"
#include "core/base/printable.h"
#include "core/results/results.h"

namespace nety::app {
namespace {

using Json = nlohmann::ordered_json;
using policy::Estimate;
using policy::Offer;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(); }

Json json_of(const Estimate& estimate) {
  return {{"value", number(estimate.value)},
          {"low", number(estimate.low)},
          {"high", number(estimate.high)}};
}

std::string_view word_of(CalibrationSource source) {
  switch (source) {
    case CalibrationSource::kMeasured:
      return "measured";
    case CalibrationSource::kWalls:
      return "walls";
    case CalibrationSource::kOther:
      return "other machine";
    case CalibrationSource::kDiag:
      return "other machine's walls";
  }
  return "";
}

std::string_view word_of(policy::Basis basis) {
  return basis == policy::Basis::kCalibrated ? "calibrated" : "walls";
}

Json json_of(const Offer& offer) {
  const policy::Candidate& model = *offer.model;
  const policy::Prediction& found = offer.prediction;
  Json json = {{"model", model.name},
               {"file", model.file.empty() ? Json() : Json(model.file)},
               {"mode", offer.mode},
               {"meets", offer.meets()}};
  json["misses"] = Json::array();
  for (const policy::Shortfall shortfall : offer.misses)
    json["misses"].push_back(name_of(shortfall));
  json.update({{"fits", offer.fits()},
               {"memory_bytes", offer.plan.needed()},
               {"weights_bytes", offer.plan.weights()},
               {"kv_bytes", offer.plan.kv_bytes},
               {"context", offer.plan.context},
               {"parameters", policy::parameters(model.facts.weights)},
               {"active_parameters", policy::active_parameters(model.facts.weights)},
               {"basis", word_of(found.basis)},
               {"prompt", offer.workload.prompt},
               {"depth", offer.workload.depth},
               {"load_warm_s", number(found.load_warm_s)},
               {"load_cold_s", number(found.load_cold_s)},
               {"prefill_tps", json_of(found.prefill_tps)},
               {"decode_tps", json_of(found.decode_tps)},
               {"first_token_s", json_of(found.first_token_s)},
               {"kld", number(offer.kld)},
               {"top1", number(offer.top1)},
               {"licence", model.licence.empty() ? Json() : Json(model.licence)},
               {"terms", model.terms.empty() ? Json() : Json(model.terms)},
               {"source", model.source.empty() ? Json() : Json(model.source)},
               {"check", offer.check}});
  return json;
}

Json json_of(const policy::Need& need) {
  return {{"mode", need.mode},
          {"memory_bytes", need.plan.needed()},
          {"read_bytes_per_s", need.possible ? number(need.read_bytes_per_s) : Json()},
          {"peak_ops_per_s", need.peak_ops_per_s > 0 ? number(need.peak_ops_per_s) : Json()},
          {"type", need.type},
          {"basis", need.calibrated ? "calibrated" : "walls"}};
}

}  // namespace

std::string which_json(const WhichReport& report) {
  const measure::Calibration& calibration = report.calibration;
  const policy::Wanted& wanted = report.wanted;
  const measure::Spread read = calibration.read_rate(uint64_t{1} << 28);
  Json modes = Json::array(), peaks = Json::object();
  for (const measure::ModeCost& cost : calibration.modes) modes.push_back(cost.mode);
  for (const auto& [type, rate] : calibration.peaks) peaks[type] = number(rate);
  Json json = {
      {"schema", "nety.which/1"},
      {"tool", report.tool},
      {"created_utc", results::now_utc()},
      {"machine",
       {{"id", calibration.machine.id},
        {"cpu", calibration.machine.cpu},
        {"threads", calibration.threads},
        {"memory_bytes", wanted.memory_bytes},
        {"file", report.file.empty() ? Json() : Json(report.file)}}},
      {"calibration",
       {{"source", word_of(report.source)},
        {"created_utc", calibration.created_utc},
        {"took_s", number(calibration.took_s)},
        {"modes", std::move(modes)},
        {"read_bytes_per_s",
         {{"median", number(read.median)}, {"low", number(read.low)}, {"high", number(read.high)}}},
        {"peaks", std::move(peaks)}}},
      {"wanted",
       {{"context", wanted.plan.run.context > 0 ? Json(wanted.plan.run.context) : Json()},
        {"min_tps", number(wanted.min_tps)},
        {"max_first_token_s",
         wanted.max_first_token_s > 0 ? number(wanted.max_first_token_s) : Json()},
        {"modes", wanted.modes}}},
      {"models", report.models},
      {"meeting", report.meeting},
      {"plan_model", report.plan_model.empty() ? Json() : Json(report.plan_model)}};
  json["nearest"] = report.nearest ? json_of(*report.nearest) : Json();
  json["rows"] = Json::array();
  for (const Offer& offer : report.offers) json["rows"].push_back(json_of(offer));
  json["needs"] = Json::array();
  for (const policy::Need& need : report.needs) json["needs"].push_back(json_of(need));
  return printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace nety::app
