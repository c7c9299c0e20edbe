// Sums of 64-bit words with enough independent accumulators for the prefetchers to be the limit.
#include "core/measure/bandwidth.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>

namespace nety::measure {
namespace {

constexpr int64_t kGrain = 512;  // words: a page

/// words [n], n a multiple of 16
uint64_t sum_of(const uint64_t* words, int64_t n) {
  uint64_t lanes[16] = {};
  for (int64_t i = 0; i < n; i += 16)
    for (int64_t lane = 0; lane < 16; ++lane) lanes[lane] += words[i + lane];
  return std::accumulate(std::begin(lanes), std::end(lanes), uint64_t{0});
}

}  // namespace

BandwidthProbe::BandwidthProbe(int threads, uint64_t largest_bytes) : pool_(std::max(threads, 1)) {
  const uint64_t pages = largest_bytes / (kGrain * sizeof(uint64_t));
  count_ = static_cast<int64_t>(std::max<uint64_t>(pages, 1)) * kGrain;
  words_.reset(new uint64_t[static_cast<size_t>(count_)]);  // not touched yet
  pool_.run([this](int worker, int workers) {
    const Share share = share_of(count_, worker, workers, kGrain);
    std::fill(words_.get() + share.begin, words_.get() + share.end, uint64_t{1});
  });
}

double BandwidthProbe::pass(uint64_t bytes) {
  const int64_t words = std::max(
      static_cast<int64_t>(std::min(bytes, largest_bytes()) / sizeof(uint64_t)) / kGrain * kGrain,
      kGrain);
  std::atomic<uint64_t> total{0};
  const auto start = std::chrono::steady_clock::now();
  pool_.run([&](int worker, int workers) {
    const Share share = share_of(words, worker, workers, kGrain);
    total += sum_of(words_.get() + share.begin, share.end - share.begin);
  });
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  sum_ += total;
  return static_cast<double>(words) * sizeof(uint64_t) / std::max(taken.count(), 1e-9);
}

double BandwidthProbe::best(uint64_t bytes, int passes) {
  double best = 0;
  for (int i = 0; i < std::max(passes, 1); ++i) best = std::max(best, pass(bytes));
  return best;
}

}  // namespace nety::measure
