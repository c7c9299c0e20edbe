// Log-likelihoods and divergences, and their means by window.
#include "bench/quality.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/base/error.h"

namespace nety::bench {
namespace {

constexpr int64_t kWholeText = 1024;

[[noreturn]] void fail_io(const char* action, const std::filesystem::path& path, int code) {
  throw Error(
      ErrorKind::kIo, fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(code)),
      code == ENOSPC ? "The temporary folder is full; set TMPDIR to another, or --no-quality."
                     : "");
}

/// The 97.5 % point of Student's t (Abramowitz & Stegun 26.7.5): within 0.1 % from 5 degrees on.
double student_t(double degrees) {
  constexpr double z = 1.959963984540054;
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * degrees) + (5 * z5 + 16 * z3 + 3 * z) / (96 * degrees * degrees) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * degrees * degrees * degrees);
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  float largest = -std::numeric_limits<float>::infinity();
  for (const float logit : logits) {
    if (!std::isfinite(logit)) return std::numeric_limits<double>::quiet_NaN();
    largest = std::max(largest, logit);
  }
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
}

double divergence(std::span<const float> reference, double reference_lse,
                  std::span<const float> candidate, double candidate_lse) {
  double sum = 0;
  for (size_t v = 0; v < reference.size(); ++v) {
    const double log_p = reference[v] - reference_lse;
    sum += std::exp(log_p) * (log_p - (candidate[v] - candidate_lse));
  }
  return sum;
}

DistributionFile::DistributionFile(const std::filesystem::path& path, int64_t vocab, bool writable)
    : path_(path), vocab_(vocab) {
  const int flags = writable ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY;
  descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (descriptor_ < 0) fail_io("open", path, errno);
}

DistributionFile::~DistributionFile() { ::close(descriptor_); }

uint64_t DistributionFile::row_bytes() const {
  return sizeof(double) + static_cast<uint64_t>(vocab_) * sizeof(float);
}

void DistributionFile::write(int64_t row, double lse, std::span<const float> logits) {
  std::vector<char> bytes(row_bytes());
  std::memcpy(bytes.data(), &lse, sizeof lse);
  std::memcpy(bytes.data() + sizeof lse, logits.data(), logits.size_bytes());
  const uint64_t start = static_cast<uint64_t>(row) * row_bytes();
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                                   static_cast<off_t>(start + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_io("write", path_, errno);
    done += static_cast<size_t>(count);
  }
}

double DistributionFile::read(int64_t row, std::span<float> logits) const {
  std::vector<char> bytes(row_bytes());
  const uint64_t start = static_cast<uint64_t>(row) * row_bytes();
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::pread(descriptor_, bytes.data() + done, bytes.size() - done,
                                  static_cast<off_t>(start + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_io("read", path_, errno);
    if (count == 0)
      throw Error(ErrorKind::kInternal,
                  fmt::format("{}: the reference has no row {}", path_.string(), row));
    done += static_cast<size_t>(count);
  }
  double lse = 0;
  std::memcpy(&lse, bytes.data(), sizeof lse);
  std::memcpy(logits.data(), bytes.data() + sizeof lse, logits.size_bytes());
  return lse;
}

Windows cut_windows(int64_t tokens, int64_t context) {
  Windows windows;
  if (tokens < 2 || context < 2) return windows;
  if (tokens <= std::min(kWholeText, context)) {
    windows = {tokens, 1, 1};
  } else {
    windows.tokens = std::min(kWindowTokens, context);
    windows.count = tokens / windows.tokens;
    windows.likelihood_from = std::max<int64_t>(windows.tokens / 2, 1);
  }
  return windows;
}

results::Metric clustered_mean(const std::string& unit,
                               const std::vector<std::vector<double>>& windows) {
  std::vector<double> all, means;
  for (const std::vector<double>& window : windows) {
    all.insert(all.end(), window.begin(), window.end());
    if (!window.empty()) means.push_back(mean_of(window));
  }
  results::Metric metric;
  metric.unit = unit;
  metric.n = static_cast<int64_t>(all.size());
  if (all.empty()) {
    metric.reason = "no positions";
    return metric;
  }
  const auto finite =
      std::count_if(all.begin(), all.end(), [](double value) { return std::isfinite(value); });
  if (finite != metric.n) {
    metric.reason = fmt::format("{} of {} positions are not finite", metric.n - finite, metric.n);
    return metric;
  }
  const double mean = mean_of(all);
  metric.median = mean;
  metric.min = *std::min_element(all.begin(), all.end());
  metric.max = *std::max_element(all.begin(), all.end());
  metric.inputs = {fmt::format("mean of {} positions in {} windows", metric.n, means.size())};
  if (means.size() < static_cast<size_t>(kFewestWindows)) {
    metric.reason = "no interval: fewer than 6 windows of text";
    return metric;
  }
  double squares = 0;
  for (const double value : means) squares += (value - mean) * (value - mean);
  const double count = static_cast<double>(means.size());
  const double half = student_t(count - 1) * std::sqrt(squares / (count - 1) / count);
  metric.ci = {mean - half, mean + half};
  return metric;
}

results::Metric greedy_divergence(const std::vector<std::vector<double>>& same_top) {
  std::vector<double> first;
  for (const std::vector<double>& window : same_top)
    first.push_back(
        static_cast<double>(std::find(window.begin(), window.end(), 0.0) - window.begin()));
  results::Metric metric = results::summarise("tokens", std::move(first));
  metric.inputs = {"by window, the position of the first other greedy choice on the same tokens"};
  return metric;
}

}  // namespace nety::bench
