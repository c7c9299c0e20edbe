// Prefill and decode under the column names of llama-bench's CSV, for sheets and scripts that
// people have already. Columns that mean nothing here are empty.
#include <fmt/core.h>

#include <cmath>

#include "reports/escape.h"
#include "reports/render.h"
#include "reports/series.h"

namespace nety::reports {
namespace {

constexpr const char* kColumns =
    "build_commit,build_number,cpu_info,gpu_info,backends,model_filename,model_type,model_size,"
    "model_n_params,n_batch,n_ubatch,n_threads,cpu_mask,cpu_strict,poll,type_k,type_v,n_gpu_layers,"
    "split_mode,main_gpu,no_kv_offload,flash_attn,tensor_split,use_mmap,embeddings,n_prompt,n_gen,"
    "n_depth,test_time,avg_ns,stddev_ns,avg_ts,stddev_ts";

struct Moments {
  double mean = 0, deviation = 0;
};

/// Mean and sample standard deviation, as llama-bench prints them.
Moments moments(const std::vector<double>& values) {
  Moments out;
  for (const double value : values) out.mean += value / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - out.mean) * (value - out.mean);
  if (values.size() > 1)
    out.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return out;
}

/// The bytes of a configuration's weights are in its load row.
std::string weights_of(const results::File& file, const results::Result& row) {
  for (const results::Result& other : file.results) {
    const auto found = other.metrics.find("weights_bytes");
    if (other.machine == row.machine && other.model == row.model && other.mode == row.mode &&
        other.backend == row.backend && found != other.metrics.end() && found->second.median)
      return fmt::format("{:.0f}", *found->second.median);
  }
  return "";
}

std::string line_of(const results::File& file, const Series& series, const results::Metric& metric,
                    int64_t tokens) {
  const results::Result& row = *series.row;
  std::vector<double> rates, times;
  for (const double rate : metric.samples)
    if (std::isfinite(rate) && rate > 0) {
      rates.push_back(rate);
      times.push_back(static_cast<double>(tokens) * 1e9 / rate);
    }
  if (rates.empty()) return "";
  const Moments rate = moments(rates), time = moments(times);
  const std::string name = series.model != nullptr ? series.model->name : row.model;
  const std::string path = series.model != nullptr ? series.model->path : "";
  return fmt::format(
      "{},,{},,{},{},{},{},{},,,{},,,,,,0,,,,,,,,{},{},{},{},{:.0f},{:.0f},{:.6f},"
      "{:.6f}\n",
      escape_csv(file.tool), escape_csv(series.machine != nullptr ? series.machine->cpu : ""),
      escape_csv(row.backend), escape_csv(path), escape_csv(name + " " + row.mode),
      weights_of(file, row),
      series.model != nullptr ? fmt::format("{}", series.model->parameters) : "", row.threads,
      row.n_prompt, row.n_gen, row.depth, escape_csv(file.created_utc), time.mean, time.deviation,
      rate.mean, rate.deviation);
}

}  // namespace

std::string render_llama_bench(const results::File& file, const ClaimOptions& /*options*/) {
  std::string out = std::string(kColumns) + "\n";
  for (const Series& series : series_of(file)) {
    const results::Result& row = *series.row;
    for (const auto& [name, metric] : row.metrics)
      if (name == "pp_tps" || name == "tg_tps")
        out += line_of(file, series, metric, name == "pp_tps" ? row.n_prompt : row.n_gen);
  }
  return out;
}

}  // namespace nety::reports
