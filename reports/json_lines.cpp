// The same content as JSON, a line per entry of its lists: {"type": "result", ...}. The header line
// comes first.
#include <nlohmann/json.hpp>

#include "core/base/printable.h"
#include "core/results/json.h"
#include "reports/render.h"

namespace nety::reports {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, const char*> kLists[] = {{"findings", "finding"},
                                                          {"results", "result"},
                                                          {"comparisons", "comparison"},
                                                          {"claims", "claim"}};

std::string line(const char* type, const Json& content) {
  Json out = {{"type", type}};
  out.update(content);
  return printable_json(out.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

std::string result_line(const results::Result& row) {
  results::File file;
  file.results.push_back(row);
  return line("result", Json::parse(results::to_json(file)).at("results").at(0));
}

std::string render_json_lines(const results::File& file, const ClaimOptions& /*options*/) {
  Json whole = Json::parse(results::to_json(file));
  std::string entries;
  for (const auto& [list, type] : kLists) {
    for (const Json& entry : whole.at(list)) entries += line(type, entry) + "\n";
    whole.erase(list);
  }
  return line("header", whole) + "\n" + entries;
}

}  // namespace nety::reports
