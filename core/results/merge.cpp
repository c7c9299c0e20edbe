// Ids make machines and models the same; rows are told apart by them.
#include "core/results/merge.h"

#include <algorithm>

namespace nety::results {
namespace {

template <class T>
void add_missing(std::vector<T>& all, const std::vector<T>& more) {
  for (const T& one : more) {
    const auto same = [&](const T& known) { return known.id == one.id; };
    if (std::none_of(all.begin(), all.end(), same)) all.push_back(one);
  }
}

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

void merge(File& file, const File& other) {
  add_missing(file.machines, other.machines);
  add_missing(file.models, other.models);
  append(file.results, other.results);
  append(file.comparisons, other.comparisons);
  append(file.warnings, other.warnings);
  if (file.workload.repetitions == 0) file.workload = other.workload;
}

}  // namespace nety::results
