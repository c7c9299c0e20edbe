// Names that sort, diff and grep well, made from the key of a row.
#include "reports/series.h"

#include <fmt/core.h>

#include <algorithm>

#include "reports/escape.h"

namespace nety::reports {
namespace {

/// Text as one word of a name: no spaces, and none of the characters that separate words.
std::string word(const std::string& text) {
  std::string out = one_line(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == ' ' || c == '/'; }, '_');
  return out.empty() ? "-" : out;
}

std::string workload(const results::Result& row) {
  if (row.phase == "prefill") return fmt::format("pp{}", row.n_prompt);
  if (row.phase == "decode" && row.depth > 0) return fmt::format("tg{}@d{}", row.n_gen, row.depth);
  if (row.phase == "decode") return fmt::format("tg{}", row.n_gen);
  if (row.phase == "generate") return fmt::format("generate{}+{}", row.n_prompt, row.n_gen);
  return word(row.phase);
}

template <class T>
const T* find(const std::vector<T>& all, const std::string& id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& it) { return it.id == id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Series> series_of(const results::File& file) {
  std::vector<Series> all;
  for (const results::Result& row : file.results) {
    Series series{"", &row, find(file.models, row.model), find(file.machines, row.machine)};
    if (file.machines.size() > 1) series.name = word(row.machine) + "/";
    series.name += fmt::format(
        "{}/{}/{}/{}/t{}/{}", word(series.model != nullptr ? series.model->name : row.model),
        word(row.mode), word(row.backend), word(row.isa), row.threads, workload(row));
    all.push_back(std::move(series));
  }
  return all;
}

bool bigger_is_better(const results::Metric& metric) {
  return metric.unit == "tok/s" || metric.unit == "bytes/s" || metric.unit == "ops/s" ||
         metric.unit == "ratio";
}

}  // namespace nety::reports
