// The two custom formats of github-action-benchmark, which keeps what should grow and what should
// shrink in different files.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "core/base/printable.h"
#include "reports/render.h"
#include "reports/series.h"

namespace nety::reports {
namespace {

std::string render(const results::File& file, bool bigger) {
  using Json = nlohmann::ordered_json;
  Json out = Json::array();
  for (const Series& series : series_of(file))
    for (const auto& [name, metric] : series.row->metrics) {
      if (!metric.median || bigger_is_better(metric) != bigger) continue;
      Json entry = {
          {"name", series.name + " " + name}, {"unit", metric.unit}, {"value", *metric.median}};
      if (metric.ci)
        entry["range"] = fmt::format("\u00b1 {:.4g}", (metric.ci->second - metric.ci->first) / 2);
      entry["extra"] = fmt::format("n={} kernel={}", metric.n, series.row->kernel);
      out.push_back(std::move(entry));
    }
  return printable_json(out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

std::string render_github_bigger(const results::File& file, const ClaimOptions& /*options*/) {
  return render(file, true);
}

std::string render_github_smaller(const results::File& file, const ClaimOptions& /*options*/) {
  return render(file, false);
}

}  // namespace nety::reports
