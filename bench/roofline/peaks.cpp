// Ten accumulators hide the latency of four cycles on every pipe there is.
#include "bench/roofline/peaks.h"

#include <algorithm>
#include <chrono>

#include "core/base/thread_pool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nety::roofline {
namespace {

constexpr int64_t kSteps = 400000;
constexpr int kChains = 10;

#if defined(__x86_64__)
#define NETY_PEAK(name, features, step)                                          \
  __attribute__((target(features), noinline)) void name() {                      \
    __m512i sum[kChains], a = _mm512_set1_epi32(0), b = a;                       \
    for (__m512i & s : sum) s = _mm512_setzero_si512();                          \
    for (int64_t i = 0; i < kSteps; ++i)                                         \
      for (__m512i & s : sum) __asm__ volatile(step : "+v"(s) : "v"(a), "v"(b)); \
  }
NETY_PEAK(fp32_steps, "avx512f", "vfmadd231ps %1, %2, %0")
NETY_PEAK(bf16_steps, "avx512f,avx512bf16", "vdpbf16ps %1, %2, %0")
NETY_PEAK(int8_steps, "avx512f,avx512vnni", "vpdpbusd %1, %2, %0")
#undef NETY_PEAK
#endif

}  // namespace

double peak_ops(std::string_view type, int threads, const machine::Machine& machine) {
#if defined(__x86_64__)
  void (*steps)() = nullptr;
  double per_step = 0;
  if (type == "fp32" && machine::has_feature(machine, "avx512f")) steps = fp32_steps, per_step = 32;
  if (type == "bf16" && machine::has_feature(machine, "avx512_bf16"))
    steps = bf16_steps, per_step = 64;
  if (type == "int8" && machine::has_feature(machine, "avx512_vnni"))
    steps = int8_steps, per_step = 128;
  if (steps == nullptr) return 0;
  ThreadPool pool(threads);
  double best = 0;
  for (int i = 0; i < 7; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pool.run([&](int, int) { steps(); });
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::max(best, per_step * kSteps * kChains * threads / taken.count());
  }
  return best;
#else
  return 0;
#endif
}

}  // namespace nety::roofline
