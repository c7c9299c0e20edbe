// Writing and reading result files: two visitors over fields.h.
#include "core/results/json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/printable.h"
#include "core/results/fields.h"

namespace nety::results {
namespace {

// Keys keep fields.h's order when written. Reading uses the map, which stays fast on an object with
// a million keys.
using Out = nlohmann::ordered_json;
using In = nlohmann::json;

template <class E>
concept Word = std::is_enum_v<E>;

// ---- writing ------------------------------------------------------------------------------------

class Writer {
 public:
  explicit Writer(Out& object) : object_(object) { object_ = Out::object(); }

  template <class T>
  void field(const char* key, const T& value) {
    object_[key] = text(value);
  }
  template <class T>
  void required(const char* key, const T& value) {
    field(key, value);
  }
  template <class T>
  void field_unless_empty(const char* key, const T& value) {
    if (!value.empty()) field(key, value);
  }

 private:
  static Out text(const std::string& value) { return value; }
  static Out text(double value) { return std::isfinite(value) ? Out(value) : Out(nullptr); }
  template <std::integral T>
  static Out text(T value) {
    return value;
  }
  template <Word E>
  static Out text(E value) {
    return name_of(value);
  }
  static Out text(const std::optional<std::pair<double, double>>& interval) {
    if (!interval) return nullptr;
    Out out = Out::object();
    out["level"] = 0.95;  // a metric says otherwise below
    out["low"] = text(interval->first);
    out["high"] = text(interval->second);
    return out;
  }
  template <class T>
  static Out text(const std::optional<T>& value) {
    return value ? text(*value) : Out(nullptr);
  }
  template <class T>
  static Out text(const std::vector<T>& values) {
    Out out = Out::array();
    for (const T& value : values) out.push_back(text(value));
    return out;
  }
  template <class T>
  static Out text(const std::map<std::string, T>& values) {
    Out out = Out::object();
    for (const auto& entry : values) out[entry.first] = text(entry.second);
    return out;
  }
  static Out text(const Metric& metric) {
    Out out;
    Writer writer(out);
    fields(writer, metric);
    if (metric.ci) out["ci"]["level"] = text(metric.ci_level);
    const auto infinite = [](const std::optional<double>& value) {
      return value && !std::isfinite(*value);
    };
    if (metric.reason.empty() &&
        (infinite(metric.median) || infinite(metric.min) || infinite(metric.max)))
      out["reason"] = "not a finite number";
    return out;
  }
  template <std::default_initializable T>
  requires std::is_class_v<T>
  static Out text(const T& value) {
    Out out;
    Writer writer(out);
    fields(writer, value);
    return out;
  }

  Out& object_;
};

// ---- reading ------------------------------------------------------------------------------------

/// A place in a file being read: its value, and how errors call it.
struct Place {
  const In& json;
  const std::string& source;
  std::string path;

  Place at(size_t index) const {
    return {json[index], source, path + "[" + std::to_string(index) + "]"};
  }
  Place at(const std::string& key) const {
    return {json.at(key), source, path.empty() ? key : path + "." + key};
  }
  [[noreturn]] void refuse(const std::string& expected) const {
    throw Error(ErrorKind::kUsage,
                source + ": damaged result file: " + (path.empty() ? "the file" : path) +
                    " should be " + expected + ", not " + json.type_name(),
                "Make it again with nety bench, nety diag or nety report.");
  }
};

class Reader {
 public:
  explicit Reader(const Place& place) : place_(place) {
    if (!place.json.is_object()) place.refuse("an object");
  }

  template <class T>
  void field(const char* key, T& value) {
    if (place_.json.contains(key)) read(place_.at(key), value);
  }
  template <class T>
  void field_unless_empty(const char* key, T& value) {
    field(key, value);
  }
  template <class T>
  void required(const char* key, T& value) {
    if (!place_.json.contains(key))
      place_.refuse("an object with the key \"" + std::string(key) + "\"");
    field(key, value);
  }

 private:
  static void read(const Place& place, std::string& value) {
    if (!place.json.is_string()) place.refuse("a string");
    value = place.json.get<std::string>();
  }
  static void read(const Place& place, bool& value) {
    if (!place.json.is_boolean()) place.refuse("true or false");
    value = place.json.get<bool>();
  }
  static void read(const Place& place, double& value) {
    if (place.json.is_null()) {
      value = std::numeric_limits<double>::quiet_NaN();
      return;
    }
    if (!place.json.is_number()) place.refuse("a number");
    value = place.json.get<double>();
  }
  template <std::integral T>
  static void read(const Place& place, T& value) {
    const In& json = place.json;
    const bool fits = json.is_number_unsigned()  ? std::in_range<T>(json.get<uint64_t>())
                      : json.is_number_integer() ? std::in_range<T>(json.get<int64_t>())
                                                 : false;
    if (!fits) place.refuse("a whole number in range");
    value = json.get<T>();
  }
  template <Word E>
  static void read(const Place& place, E& value) {
    std::string word;
    read(place, word);
    std::string known;
    for (int i = 0; !name_of(static_cast<E>(i)).empty(); ++i) {
      if (name_of(static_cast<E>(i)) == word) {
        value = static_cast<E>(i);
        return;
      }
      known += (i == 0 ? "" : ", ") + std::string(name_of(static_cast<E>(i)));
    }
    place.refuse("one of " + known);
  }
  static void read(const Place& place, std::optional<std::pair<double, double>>& interval) {
    interval.reset();
    if (place.json.is_null()) return;
    if (!place.json.contains("low") || !place.json.contains("high"))
      place.refuse("an object with the keys \"low\" and \"high\"");
    interval.emplace();
    read(place.at("low"), interval->first);
    read(place.at("high"), interval->second);
  }
  template <class T>
  static void read(const Place& place, std::optional<T>& value) {
    value.reset();
    if (place.json.is_null()) return;
    read(place, value.emplace());
  }
  template <class T>
  static void read(const Place& place, std::vector<T>& values) {
    if (!place.json.is_array()) place.refuse("an array");
    values.assign(place.json.size(), T{});
    for (size_t i = 0; i < values.size(); ++i) read(place.at(i), values[i]);
  }
  template <class T>
  static void read(const Place& place, std::map<std::string, T>& values) {
    if (!place.json.is_object()) place.refuse("an object");
    values.clear();
    for (const auto& item : place.json.items()) read(place.at(item.key()), values[item.key()]);
  }
  static void read(const Place& place, Metric& metric) {
    Reader reader(place);
    fields(reader, metric);
    if (metric.ci && place.json["ci"].contains("level"))
      read(place.at("ci").at("level"), metric.ci_level);
  }
  template <std::default_initializable T>
  requires std::is_class_v<T>
  static void read(const Place& place, T& value) {
    Reader reader(place);
    fields(reader, value);
  }

  const Place& place_;
};

/// What the parser says, without its own bookkeeping and at a length people read.
std::string complaint(const In::exception& problem) {
  constexpr size_t kLongest = 160;
  std::string text = problem.what();
  if (const size_t end = text.find("] "); end != std::string::npos) text.erase(0, end + 2);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace

std::string to_json(const File& file) {
  Out out;
  Writer writer(out);
  writer.field("schema", std::string(kSchema));
  fields(writer, file);
  return printable_json(out.dump(2, ' ', false, Out::error_handler_t::replace) + "\n");
}

File from_json(std::string_view text, const std::string& source) {
  In json;
  try {
    json = In::parse(text);
  } catch (const In::exception& problem) {
    throw Error(ErrorKind::kUsage, source + ": not a result file: " + complaint(problem),
                "Expected JSON with \"schema\": \"" + std::string(kSchema) + "\".");
  }
  std::string schema;
  if (json.is_object() && json.contains("schema") && json["schema"].is_string())
    schema = json["schema"].get<std::string>();
  if (schema != kSchema)
    throw Error(ErrorKind::kUsage,
                source + ": not a result file of schema " + std::string(kSchema) +
                    (schema.empty() ? " (no \"schema\" in it)" : ": its schema is " + schema),
                "Make it with nety bench, nety diag or nety report of this version.");
  File file;
  const Place place{json, source, ""};
  Reader reader(place);
  fields(reader, file);
  return file;
}

}  // namespace nety::results
