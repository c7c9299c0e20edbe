// Calibrations as files. A number that no measurement gives is refused: a prediction made from it
// would look like any other.
#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/printable.h"
#include "core/measure/calibration.h"

namespace nety::measure {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Spread& spread) {
  return {{"median", spread.median}, {"low", spread.low}, {"high", spread.high}};
}

Json json_of(const ModeCost& cost) {
  return {{"mode", cost.mode},
          {"kernel", cost.kernel},
          {"memory_share", cost.memory_share},
          {"byte_s", cost.byte_s},
          {"layer_s", cost.layer_s},
          {"unpack_s", cost.unpack_s},
          {"multiply_s", cost.multiply_s},
          {"activation_s", cost.activation_s},
          {"convert_s", cost.convert_s},
          {"decode_spread", cost.decode_spread},
          {"prefill_spread", cost.prefill_spread},
          {"type", cost.type}};
}

class Reader {
 public:
  Reader(const Json& json, std::string place, const std::string& source)
      : json_(json), place_(std::move(place)), source_(source) {
    if (!json.is_object()) refuse("", "is no object");
  }

  [[noreturn]] void refuse(const std::string& key, const std::string& why) const {
    throw Error(ErrorKind::kUsage,
                fmt::format("{}: {}{}{} {}", source_, place_,
                            place_.empty() || key.empty() ? "" : ".", key, why),
                "Remove the file, and nety which measures anew.");
  }
  const Json& at(const std::string& key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) refuse(key, "is missing");
    return *found;
  }
  std::string text(const std::string& key) const {
    const Json& value = at(key);
    if (!value.is_string()) refuse(key, "is no text");
    return value.get<std::string>();
  }
  /// A time, a rate, a share: finite, from `least` to `most`.
  double number(const std::string& key, double least = 0, double most = 1e18) const {
    const Json& value = at(key);
    if (!value.is_number()) refuse(key, "is no number");
    const auto number = value.get<double>();
    if (!std::isfinite(number) || number < least || number > most)
      refuse(key, fmt::format("is {}, outside {} to {}", number, least, most));
    return number;
  }
  Spread spread(const std::string& key) const {
    const Reader inner(at(key), place_of(key), source_);
    const Spread spread{inner.number("median"), inner.number("low"), inner.number("high")};
    if (spread.low > spread.median || spread.median > spread.high) refuse(key, "is not in order");
    return spread;
  }
  template <class Each>
  void list(const std::string& key, const Each& each) const {
    const Json& values = at(key);
    if (!values.is_array()) refuse(key, "is no list");
    size_t i = 0;
    for (const Json& value : values)
      each(Reader(value, fmt::format("{}[{}]", place_of(key), i++), source_));
  }
  Reader object(const std::string& key) const { return {at(key), place_of(key), source_}; }
  const Json& json() const { return json_; }

 private:
  std::string place_of(const std::string& key) const {
    return place_.empty() ? key : place_ + "." + key;
  }
  const Json& json_;
  std::string place_;
  const std::string& source_;
};

constexpr double kLongest = 1;  // seconds: of a layer, a weight, a byte

ModeCost cost_of(const Reader& from) {
  ModeCost cost;
  cost.mode = from.text("mode");
  cost.kernel = from.text("kernel");
  cost.memory_share = from.number("memory_share", 1e-4, 10);
  cost.byte_s = from.number("byte_s", 0, kLongest);
  cost.layer_s = from.number("layer_s", 0, kLongest);
  cost.unpack_s = from.number("unpack_s", 0, kLongest);
  cost.multiply_s = from.number("multiply_s", 0, kLongest);
  cost.activation_s = from.number("activation_s", 0, kLongest);
  cost.convert_s = from.number("convert_s", 0, kLongest);
  cost.decode_spread = from.number("decode_spread", 0, 100);
  cost.prefill_spread = from.number("prefill_spread", 0, 100);
  cost.type = from.text("type");
  return cost;
}

Json parsed(std::string_view text, const std::string& source) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded())
    throw Error(ErrorKind::kUsage, fmt::format("{}: is not JSON", source),
                "Remove the file, and nety which measures anew.");
  return json;
}

}  // namespace

std::string to_json(const Calibration& calibration) {
  Json json = {{"schema", kCalibrationSchema},
               {"tool", calibration.tool},
               {"build", calibration.build},
               {"created_utc", calibration.created_utc},
               {"machine",
                {{"id", calibration.machine.id},
                 {"cpu", calibration.machine.cpu},
                 {"memory_total_bytes", calibration.machine.memory_total_bytes},
                 {"memory_available_bytes", calibration.machine.memory_available_bytes}}},
               {"isa", calibration.isa},
               {"threads", calibration.threads},
               {"took_s", calibration.took_s}};
  json["reads"] = Json::array();
  for (const ReadRate& read : calibration.reads)
    json["reads"].push_back({{"bytes", read.bytes},
                             {"threads", read.threads},
                             {"bytes_per_s", json_of(read.bytes_per_s)}});
  json["peaks"] = Json::object();
  for (const auto& [type, rate] : calibration.peaks) json["peaks"][type] = rate;
  json["attention_s"] = calibration.attention_s;
  json["cache_share"] = calibration.cache_share;
  json["mixture_layer_s"] = calibration.mixture_layer_s;
  json["mixture_factor"] = calibration.mixture_factor;
  json["disk_bytes_per_s"] =
      calibration.disk_bytes_per_s ? Json(*calibration.disk_bytes_per_s) : Json();
  json["modes"] = Json::array();
  for (const ModeCost& cost : calibration.modes) json["modes"].push_back(json_of(cost));
  return printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Calibration calibration_from_json(std::string_view text, const std::string& source) {
  const Json json = parsed(text, source);
  const Reader from(json, "", source);
  if (const std::string schema = from.text("schema"); schema != kCalibrationSchema)
    from.refuse("schema", fmt::format("is \"{}\", not \"{}\"", schema, kCalibrationSchema));
  Calibration out;
  out.tool = from.text("tool");
  out.build = from.text("build");
  out.created_utc = from.text("created_utc");
  const Reader machine = from.object("machine");
  out.machine = {machine.text("id"), machine.text("cpu"),
                 static_cast<uint64_t>(machine.number("memory_total_bytes")),
                 static_cast<uint64_t>(machine.number("memory_available_bytes"))};
  out.isa = from.text("isa");
  out.threads = static_cast<int>(from.number("threads", 1, 65536));
  out.took_s = from.number("took_s");
  from.list("reads", [&](const Reader& read) {
    out.reads.push_back({static_cast<uint64_t>(read.number("bytes", 1)),
                         static_cast<int>(read.number("threads", 1, 65536)),
                         read.spread("bytes_per_s")});
  });
  const Reader peaks = from.object("peaks");
  for (const auto& item : peaks.json().items()) out.peaks[item.key()] = peaks.number(item.key(), 1);
  out.attention_s = from.number("attention_s", 0, kLongest);
  out.cache_share = from.number("cache_share", 1e-4, 10);
  out.mixture_layer_s = from.number("mixture_layer_s", 0, kLongest);
  out.mixture_factor = from.number("mixture_factor", 1e-2, 1e3);
  if (!from.at("disk_bytes_per_s").is_null())
    out.disk_bytes_per_s = from.number("disk_bytes_per_s", 1);
  from.list("modes", [&](const Reader& mode) { out.modes.push_back(cost_of(mode)); });
  if (!(out.read_rate(1).median > 0)) from.refuse("reads", "has no rate of all threads");
  return out;
}

}  // namespace nety::measure
