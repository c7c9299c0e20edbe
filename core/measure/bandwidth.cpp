// Sums of 64-bit words with enough independent accumulators for the prefetchers to be the limit.
// Wider loads were tried and change nothing: memory is the limit.
#include "core/measure/bandwidth.h"

#include <algorithm>
#include <atomic>
#include <numeric>

#include "core/measure/stopwatch.h"

namespace nety::measure {
namespace {

constexpr int64_t kGrain = 512;  // words: a page
constexpr int64_t kLine = 8;     // words in a cache line
constexpr int64_t kStreams = 8;  // kGrain is a multiple of kStreams * kLine
constexpr int64_t kAhead = 512;  // words
constexpr int64_t kAccumulators = 16;

/// words [n], n a multiple of kGrain, as in all of them
uint64_t sum_forward(const uint64_t* words, int64_t n) {
  uint64_t lanes[kAccumulators] = {};
  for (int64_t i = 0; i < n; i += kAccumulators)
    for (int64_t lane = 0; lane < kAccumulators; ++lane) lanes[lane] += words[i + lane];
  return std::accumulate(std::begin(lanes), std::end(lanes), uint64_t{0});
}

uint64_t sum_streams(const uint64_t* words, int64_t n) {
  uint64_t lanes[kAccumulators] = {};
  const int64_t each = n / kStreams;
  for (int64_t i = 0; i < each; i += kLine)
    for (int64_t stream = 0; stream < kStreams; ++stream)
      for (int64_t k = 0; k < kLine; ++k)
        lanes[stream % 2 * kLine + k] += words[stream * each + i + k];
  return std::accumulate(std::begin(lanes), std::end(lanes), uint64_t{0});
}

uint64_t sum_ahead(const uint64_t* words, int64_t n) {
  uint64_t lanes[kAccumulators] = {};
  for (int64_t i = 0; i < n; i += kAccumulators) {
    __builtin_prefetch(words + i + kAhead);  // past the end it does nothing
    __builtin_prefetch(words + i + kAhead + kLine);
    for (int64_t lane = 0; lane < kAccumulators; ++lane) lanes[lane] += words[i + lane];
  }
  return std::accumulate(std::begin(lanes), std::end(lanes), uint64_t{0});
}

/// A double in memory that is otherwise used as words.
using Double __attribute__((may_alias)) = double;

constexpr ReadPattern kPatterns[] = {ReadPattern::kForward, ReadPattern::kStreams,
                                     ReadPattern::kAhead};

uint64_t sum_of(ReadPattern pattern, const uint64_t* words, int64_t n) {
  switch (pattern) {
    case ReadPattern::kForward:
      return sum_forward(words, n);
    case ReadPattern::kStreams:
      return sum_streams(words, n);
    case ReadPattern::kAhead:
      return sum_ahead(words, n);
  }
  return 0;
}

}  // namespace

std::span<const ReadPattern> read_patterns() { return kPatterns; }

std::string_view name_of(ReadPattern pattern) {
  constexpr std::string_view kNames[] = {"forward", "streams", "ahead"};
  return kNames[static_cast<size_t>(pattern)];
}

BandwidthProbe::BandwidthProbe(int threads, uint64_t largest_bytes)
    : pool_(std::max(threads, 1)),
      count_(
          static_cast<int64_t>(std::max<uint64_t>(largest_bytes / (kGrain * sizeof(uint64_t)), 1)) *
          kGrain),
      memory_(static_cast<size_t>(count_) * sizeof(uint64_t)),
      words_(memory_.as<uint64_t>()) {
  pool_.run([this](int worker, int workers) {
    const Share share = share_of(count_, worker, workers, kGrain);
    std::fill(words_ + share.begin, words_ + share.end, uint64_t{1});
  });
}

double BandwidthProbe::pass(uint64_t bytes, ReadPattern pattern) {
  const int64_t words = std::max(
      static_cast<int64_t>(std::min(bytes, largest_bytes()) / sizeof(uint64_t)) / kGrain * kGrain,
      kGrain);
  std::atomic<uint64_t> total{0};
  const Stopwatch watch;
  pool_.run([&](int worker, int workers) {
    const Share share = share_of(words, worker, workers, kGrain);
    total += sum_of(pattern, words_ + share.begin, share.end - share.begin);
  });
  const double taken = watch.seconds();
  sum_ += total;
  return static_cast<double>(words) * sizeof(uint64_t) / std::max(taken, 1e-9);
}

double BandwidthProbe::best(uint64_t bytes, int passes) {
  double best = 0;
  for (int i = 0; i < std::max(passes, 1); ++i)
    best = std::max(best, pass(bytes, kPatterns[static_cast<size_t>(i) % std::size(kPatterns)]));
  return best;
}

double BandwidthProbe::best(uint64_t bytes, int passes, ReadPattern pattern) {
  double best = 0;
  for (int i = 0; i < std::max(passes, 1); ++i) best = std::max(best, pass(bytes, pattern));
  return best;
}

ReadPattern BandwidthProbe::fastest(uint64_t bytes, int passes) {
  double rates[std::size(kPatterns)] = {};
  for (int i = 0; i < passes; ++i)
    for (size_t pattern = 0; pattern < std::size(kPatterns); ++pattern)
      rates[pattern] = std::max(rates[pattern], pass(bytes, kPatterns[pattern]));
  return kPatterns[std::max_element(std::begin(rates), std::end(rates)) - std::begin(rates)];
}

double BandwidthProbe::triad(uint64_t bytes, int passes) {
  const int64_t third =
      static_cast<int64_t>(std::min(bytes, largest_bytes()) / sizeof(uint64_t) / 3) / kLine * kLine;
  if (third == 0) return 0;
  auto* a = reinterpret_cast<Double*>(words_);
  const Double* b = a + third;
  const Double* c = b + third;
  double best = 0;
  for (int i = 0; i < std::max(passes, 1); ++i) {
    const double factor = 0.5 + i;
    const Stopwatch watch;
    pool_.run([&](int worker, int workers) {
      const Share share = share_of(third, worker, workers, kLine);
      for (int64_t k = share.begin; k < share.end; ++k) a[k] = b[k] + factor * c[k];
    });
    const double counted = 3.0 * sizeof(double) * static_cast<double>(third);
    best = std::max(best, counted / std::max(watch.seconds(), 1e-9));
  }
  return best;
}

}  // namespace nety::measure
