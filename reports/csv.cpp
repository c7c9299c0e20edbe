// One line per metric of a row: a new metric adds lines, never a column. A row without metrics has
// one line, with its status.
#include <fmt/core.h>

#include <cmath>
#include <optional>

#include "reports/comparison.h"
#include "reports/escape.h"
#include "reports/render.h"

namespace nety::reports {
namespace {

std::string number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : "";
}

std::string key_of(const results::Result& row) {
  std::string out;
  for (const std::string* text :
       {&row.machine, &row.model, &row.mode, &row.backend, &row.device, &row.isa})
    out += escape_csv(*text) + ",";
  out += fmt::format("{},{},{},{},{},", row.threads, escape_csv(row.phase), row.n_prompt, row.n_gen,
                     row.depth);
  return out + fmt::format("{},{},{}", escape_csv(row.kernel), results::name_of(row.status),
                           escape_csv(row.reason));
}

}  // namespace

std::string render_csv(const results::File& file, const ClaimOptions& /*options*/) {
  if (file.results.empty() && !file.comparisons.empty()) return csv_comparisons(file);
  std::string out =
      "machine,model,mode,backend,device,isa,threads,phase,n_prompt,n_gen,depth,kernel,status,"
      "reason,metric,unit,kind,n,median,min,max,ci_low,ci_high,metric_reason\n";
  for (const results::Result& row : file.results) {
    const std::string key = key_of(row);
    if (row.metrics.empty()) out += key + ",,,,,,,,,,\n";
    for (const auto& [name, metric] : row.metrics) {
      std::optional<double> low, high;
      if (metric.ci) {
        low = metric.ci->first;
        high = metric.ci->second;
      }
      out += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", key, escape_csv(name),
                         escape_csv(metric.unit), escape_csv(metric.kind), metric.n,
                         number(metric.median), number(metric.min), number(metric.max), number(low),
                         number(high), escape_csv(metric.reason));
    }
  }
  return out;
}

}  // namespace nety::reports
