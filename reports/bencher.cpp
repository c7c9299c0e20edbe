// Bencher's metric format: benchmarks have measures, each a value with its interval.
#include <nlohmann/json.hpp>

#include "core/base/printable.h"
#include "reports/render.h"
#include "reports/series.h"

namespace nety::reports {

std::string render_bencher(const results::File& file, const ClaimOptions& /*options*/) {
  using Json = nlohmann::ordered_json;
  Json out = Json::object();
  for (const Series& series : series_of(file))
    for (const auto& [name, metric] : series.row->metrics) {
      if (!metric.median) continue;
      Json& measure = out[series.name][name] = {{"value", *metric.median}};
      if (!metric.ci) continue;
      measure["lower_value"] = metric.ci->first;
      measure["upper_value"] = metric.ci->second;
    }
  return printable_json(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace nety::reports
