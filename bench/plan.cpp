// Order and grouping of measurements.
#include "bench/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "bench/protocol.h"
#include "core/base/error.h"
#include "core/model/plugin.h"

namespace nety::bench {
namespace {

constexpr int64_t kQualityContext = 1024;  // the longest window of text (quality.h)

void require(bool condition, const char* option, const char* expected) {
  if (condition) return;
  throw Error(ErrorKind::kUsage, fmt::format("{}: expected {}", option, expected));
}

template <class Predicate>
bool each(const std::vector<int64_t>& values, Predicate good) {
  return std::all_of(values.begin(), values.end(), good);
}

bool multiplies_in(const std::string& backend, const std::string& mode) {
  const auto modes = model::modes_of_backend(backend);
  const precision::Mode* row = precision::find_mode(mode);
  return modes.empty() ||
         (row != nullptr && std::find(modes.begin(), modes.end(), row->id) != modes.end());
}

int64_t largest(const std::vector<int64_t>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

}  // namespace

void check(const BenchRequest& request) {
  const auto positive = [](int64_t value) { return value > 0; };
  const auto not_negative = [](int64_t value) { return value >= 0; };
  require(!request.modes.empty(), "--modes", "at least one mode");
  require(!request.backends.empty(), "--backends", "at least one backend");
  require(!request.prompts.empty() && each(request.prompts, positive), "-p",
          "prompt lengths of at least 1");
  require(!request.gens.empty() && each(request.gens, positive), "-n", "at least 1");
  require(!request.depths.empty() && each(request.depths, not_negative), "-d",
          "depths of at least 0");
  require(request.repetitions >= 1, "-r", "at least 1");
  require(request.run.threads >= 0, "--threads", "at least 1");
  require(request.run.context >= 0, "--ctx", "at least 1");
  require(request.budget_s >= 0, "--budget", "a positive time");
  require(request.contenders.empty() || request.shape.empty(), "--contender",
          "a MODEL: other engines cannot run the random weights of --shape");
  for (size_t i = 0; i < request.contenders.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      require(request.contenders[i].name != request.contenders[k].name, "--contender",
              "each engine under a name of its own");
  require(!configurations(request).empty(), "--backends", "one with products in one of --modes");
}

std::vector<Configuration> configurations(const BenchRequest& request) {
  std::vector<Configuration> all;
  for (const std::string& backend : request.backends) {
    for (const std::string& mode : request.modes) {
      const bool known = std::any_of(all.begin(), all.end(), [&](const Configuration& other) {
        return other.mode == mode && other.backend == backend;
      });
      if (!known && multiplies_in(backend, mode)) all.push_back({mode, backend});
    }
  }
  for (size_t i = 0; i < request.contenders.size(); ++i) {
    const Contender& contender = request.contenders[i];
    if (contender.kind == ContenderKind::kPython)
      for (const std::string& mode : request.modes) all.push_back({mode, contender.name, 0, i});
    else
      all.push_back({contender.mode.empty() ? "stored" : contender.mode, contender.name, 0, i});
  }
  return all;
}

std::string device_for(const std::string& asked, const std::string& backend) {
  if (asked != "auto" && asked != "cpu") return asked;
  const DeviceKind kind = model::device_of_backend(backend);
  const std::string device(name_of(kind));
  return kind == DeviceKind::kCpu ? device : device + ":0";
}

int64_t context_needed(const BenchRequest& request) {
  if (request.run.context > 0) return request.run.context;
  const int64_t gen = largest(request.gens), prompt = largest(request.prompts);
  const int64_t shortest = *std::min_element(request.prompts.begin(), request.prompts.end());
  // The prompt of a stream is text: it may come out some tokens longer than asked for.
  return std::max({prompt, request.prompts.front() + kWarmUpSteps, largest(request.depths) + gen,
                   shortest + gen + shortest / 8 + 8,
                   request.quality_text.empty() ? 0 : kQualityContext});
}

std::vector<size_t> order_of_round(size_t count, int round) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  if (round % 2 == 1) std::reverse(order.begin(), order.end());
  return order;
}

bool fits_together(uint64_t used, uint64_t more, uint64_t limit) {
  return used == 0 || (more <= limit && used <= limit - more);
}

}  // namespace nety::bench
