// tests/data/jinja/goldens.json: what Python's jinja2 renders (make_goldens.py there).
#pragma once

#include <ctime>
#include <fstream>

#include "core/jinja/template.h"
#include "tests/jinja/data_json.h"
#include "tests/paths.h"

namespace nety::jinja {

inline nlohmann::ordered_json goldens() {
  std::ifstream file(test_data() + "/jinja/goldens.json");
  return nlohmann::ordered_json::parse(file);
}

inline std::string text_of_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The time that the goldens were made at: Friday, 2025-03-07 14:05:09.
inline std::tm golden_now() {
  std::tm now{};
  now.tm_year = 125;
  now.tm_mon = 2;
  now.tm_mday = 7;
  now.tm_hour = 14;
  now.tm_min = 5;
  now.tm_sec = 9;
  now.tm_wday = 5;
  now.tm_yday = 65;
  return now;
}

inline Data::Object object_of(const nlohmann::ordered_json& json, bool foreign = false) {
  return std::get<Data::Object>(data_of(json, foreign).value);
}

}  // namespace nety::jinja
