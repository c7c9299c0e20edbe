// Renders templates for compare.py: each line of standard input is {"template", "variables"}, each
// line of standard output {"text"} or {"error", "kind"}.
#include <iostream>
#include <string>

#include "core/base/error.h"
#include "core/jinja/template.h"
#include "tests/jinja/data_json.h"

int main() {
  using nlohmann::ordered_json;
  std::tm now{};
  now.tm_year = 125;  // 2025-03-07 14:05:09, a Friday
  now.tm_mon = 2;
  now.tm_mday = 7;
  now.tm_hour = 14;
  now.tm_min = 5;
  now.tm_sec = 9;
  now.tm_wday = 5;
  now.tm_yday = 65;
  for (std::string line; std::getline(std::cin, line);) {
    const ordered_json given = ordered_json::parse(line);
    ordered_json answer;
    try {
      const auto read = nety::jinja::Template::parse(given["template"].get<std::string>(), "t");
      const nety::jinja::Data data = nety::jinja::data_of(given["variables"], true);
      answer["text"] = read.render(std::get<nety::jinja::Data::Object>(data.value), now).text;
    } catch (const nety::Error& error) {
      answer["error"] = error.what();
      answer["kind"] = nety::name_of(error.kind());
    }
    std::cout << answer.dump() << std::endl;
  }
}
