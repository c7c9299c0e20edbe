#include "bench/questions.h"

#include <fmt/core.h>

#include <algorithm>

#include "bench/installed.h"
#include "core/results/paired.h"

namespace nety::bench {
namespace {

constexpr double kThreshold = 1 + results::kSpeedMargin;
constexpr const char* kOwnBackend = "native";

bool is_own(const Configuration& configuration) { return configuration.backend == kOwnBackend; }

int rank_of(const Configuration& one, const Configuration& other) {
  return is_own(one) && is_own(other) ? kOwnRank : kOtherRank;
}

std::optional<size_t> reference_on(const std::vector<Configuration>& configurations,
                                   const std::string& backend) {
  return find_choice(configurations, std::string(kReferenceMode), backend);
}

}  // namespace

std::optional<size_t> find_choice(const std::vector<Configuration>& configurations,
                                  const std::string& mode, const std::string& backend) {
  for (size_t i = 0; i < configurations.size(); ++i)
    if (configurations[i].mode == mode && configurations[i].backend == backend) return i;
  return std::nullopt;
}

std::vector<Question> questions_of(const std::vector<Configuration>& configurations,
                                   std::optional<size_t> choice, const std::string& device) {
  std::vector<Question> out;
  for (size_t i = 0; i < configurations.size(); ++i) {
    const Configuration& one = configurations[i];
    const std::optional<size_t> reference = reference_on(configurations, one.backend);
    if (!reference || *reference == i) continue;
    if (!is_own(one) && one.backend != kInstalled) continue;
    const int rank = is_own(one) ? kOwnRank : kOtherRank;
    out.push_back({i, *reference, SliceKind::kDecode, kThreshold, rank, false});
    if (one.mode == "fp16")
      out.push_back({i, *reference, SliceKind::kPrefill, kThreshold, rank, false});
  }
  if (!choice) return out;
  const auto device_of = [&](const Configuration& one) { return device_for(device, one.backend); };
  for (size_t i = 0; i < configurations.size(); ++i) {
    if (i == *choice || device_of(configurations[i]) != device_of(configurations[*choice]))
      continue;
    out.push_back({i, *choice, SliceKind::kDecode, kThreshold,
                   rank_of(configurations[i], configurations[*choice]), true});
  }
  return out;
}

std::string name_of(const Question& question, const std::vector<Configuration>& configurations) {
  const Configuration& one = configurations[question.candidate];
  const Configuration& other = configurations[question.against];
  return fmt::format("{} {} / {} {}", one.mode, one.backend, other.mode, other.backend);
}

std::vector<size_t> opening_order(const std::vector<Configuration>& configurations,
                                  std::optional<size_t> choice) {
  std::vector<size_t> order;
  const auto place = [&](size_t i) {
    const Configuration& one = configurations[i];
    if (choice && i == *choice) return 0;
    if (is_own(one)) return one.mode == kReferenceMode ? 1 : 2;
    return one.mode == kReferenceMode ? 3 : 4;
  };
  for (size_t i = 0; i < configurations.size(); ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return place(a) < place(b); });
  return order;
}

}  // namespace nety::bench
