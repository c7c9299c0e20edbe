// Ten accumulators hide the latency of four cycles on every pipe there is. What several
// instructions make up is timed as their mix, in loops of nothing else: one iteration of a name
// that ends in "_256" is what a block of eight rows takes for one token in AVX2.
#include "bench/roofline/peaks.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "core/base/thread_pool.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nety::roofline {
namespace {

constexpr int64_t kSteps = 400000;
constexpr int kChains = 10;

/// A loop in registers, the operations that it makes, and the feature that it needs.
struct Loop {
  std::string_view type;
  void (*run)();
  double ops;
  std::string_view needs;
};

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

// Registers: 0 to 7 sums, 8 to 13 products, 14 and 15 operands; all zero.
#define NETY_ZERO(r) "vpxor %%ymm" #r ", %%ymm" #r ", %%ymm" #r "\n"
#define NETY_LOOP(name, iterations, body)                                                          \
  __attribute__((target("avx2"), noinline)) void name() {                                          \
    int64_t left = (iterations);                                                                   \
    __asm__ volatile(NETY_ZERO(0) NETY_ZERO(1) NETY_ZERO(2) NETY_ZERO(3) NETY_ZERO(4) NETY_ZERO(5) \
                         NETY_ZERO(6) NETY_ZERO(7) NETY_ZERO(8) NETY_ZERO(9) NETY_ZERO(10)         \
                             NETY_ZERO(11) NETY_ZERO(12) NETY_ZERO(13) NETY_ZERO(14)               \
                                 NETY_ZERO(15) ".p2align 5\n1:\n" body                             \
                                               "sub $1, %0\njnz 1b\nvzeroupper\n"                  \
                     : "+r"(left)                                                                  \
                     :                                                                             \
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",     \
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc");        \
  }
#define NETY_OP(op, a, b, to) op " %%ymm" #a ", %%ymm" #b ", %%ymm" #to "\n"
#define NETY_FMA(s) NETY_OP("vfmadd231ps", 14, 15, s)
// Two 16-bit products, added: VPMADDWD's way.
#define NETY_WORDS(t, s) NETY_OP("vpmaddwd", 14, 15, t) NETY_OP("vpaddd", t, s, s)
#define NETY_FOUR_WORDS(s, t, u, v) \
  NETY_WORDS(8, s) NETY_WORDS(9, t) NETY_WORDS(10, u) NETY_WORDS(11, v)
#define NETY_SCALED(s) \
  "vcvtdq2ps %%ymm" #s ", %%ymm12\n" NETY_OP("vmulps", 14, 15, 13) NETY_OP("vfmadd231ps", 12, 13, 7)
// Quads of 8-bit products in 16-bit sums; a run of them times scales.
#define NETY_QUAD(p) NETY_OP("vpmaddubsw", 14, 15, 12) NETY_OP("vpaddw", 12, p, p)
#define NETY_FIRST(p) NETY_OP("vpmaddubsw", 14, 15, p)
#define NETY_WIDEN(p, s) NETY_OP("vpmaddwd", 15, p, 13) NETY_OP("vpaddd", 13, s, s)
#define NETY_RUN2(p, s) NETY_FIRST(p) NETY_QUAD(p) NETY_WIDEN(p, s)
#define NETY_RUN4(p, s) NETY_FIRST(p) NETY_QUAD(p) NETY_QUAD(p) NETY_QUAD(p) NETY_WIDEN(p, s)
#define NETY_RUN8(p, s) \
  NETY_FIRST(p)         \
  NETY_QUAD(p)          \
  NETY_QUAD(p) NETY_QUAD(p) NETY_QUAD(p) NETY_QUAD(p) NETY_QUAD(p) NETY_QUAD(p) NETY_WIDEN(p, s)
#define NETY_FOUR(run) run(8, 0) run(9, 1) run(10, 2) run(11, 3)
#define NETY_MINS NETY_FOUR_WORDS(4, 5, 4, 5) NETY_SCALED(4)

NETY_LOOP(fp32_256, kSteps,
          NETY_FMA(0) NETY_FMA(1) NETY_FMA(2) NETY_FMA(3) NETY_FMA(4) NETY_FMA(5) NETY_FMA(6)
              NETY_FMA(7) NETY_FMA(8) NETY_FMA(9) NETY_FMA(10) NETY_FMA(11))
NETY_LOOP(words_256, kSteps, NETY_FOUR_WORDS(0, 1, 2, 3) NETY_FOUR_WORDS(4, 5, 6, 7))
NETY_LOOP(word_blocks_256, kSteps / 2,
          NETY_FOUR_WORDS(0, 1, 2, 3) NETY_FOUR_WORDS(4, 5, 6, 0) NETY_FOUR_WORDS(1, 2, 3, 4)
              NETY_FOUR_WORDS(5, 6, 0, 1) NETY_SCALED(2))
NETY_LOOP(runs_of_2_256, kSteps / 8,
          NETY_FOUR(NETY_RUN2) NETY_FOUR(NETY_RUN2) NETY_FOUR(NETY_RUN2) NETY_FOUR(NETY_RUN2)
              NETY_FOUR(NETY_RUN2) NETY_FOUR(NETY_RUN2) NETY_FOUR(NETY_RUN2) NETY_FOUR(NETY_RUN2)
                  NETY_SCALED(0))
NETY_LOOP(runs_of_4_256, kSteps / 8,
          NETY_FOUR(NETY_RUN4) NETY_FOUR(NETY_RUN4) NETY_FOUR(NETY_RUN4) NETY_FOUR(NETY_RUN4)
              NETY_MINS NETY_SCALED(0))
NETY_LOOP(runs_of_8_256, kSteps / 8,
          NETY_FOUR(NETY_RUN8) NETY_FOUR(NETY_RUN8) NETY_MINS NETY_SCALED(0))

// Two operations for each of rows * columns in an iteration.
constexpr double kBlock32 = 2 * 8 * 32, kBlock256 = 2 * 8 * 256;
constexpr Loop kLoops[] = {{"fp32", fp32_steps, 32.0 * kChains* kSteps, "avx512f"},
                           {"bf16", bf16_steps, 64.0 * kChains* kSteps, "avx512_bf16"},
                           {"int8", int8_steps, 128.0 * kChains* kSteps, "avx512_vnni"},
                           {"fp32_256", fp32_256, 12.0 * 16 * kSteps, "fma"},
                           {"words_256", words_256, 8.0 * 32 * kSteps, "avx2"},
                           {"word_blocks_256", word_blocks_256, kBlock32* kSteps / 2, "fma"},
                           {"runs_of_2_256", runs_of_2_256, kBlock256* kSteps / 8, "fma"},
                           {"runs_of_4_256", runs_of_4_256, kBlock256* kSteps / 8, "fma"},
                           {"runs_of_8_256", runs_of_8_256, kBlock256* kSteps / 8, "fma"}};
#else
constexpr Loop kLoops[] = {{"", nullptr, 0, ""}};
#endif

}  // namespace

double peak_ops(std::string_view type, int threads, const machine::Machine& machine) {
  const auto* const loop =
      std::ranges::find_if(kLoops, [type](const Loop& one) { return one.type == type; });
  if (loop == std::end(kLoops) || loop->run == nullptr) return 0;
  if (!machine::has_feature(machine, loop->needs)) return 0;
  ThreadPool pool(threads);
  double best = 0;
  for (int i = 0; i < 7; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pool.run([&](int, int) { loop->run(); });
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::max(best, loop->ops * threads / taken.count());
  }
  return best;
}

std::string_view peak_type(std::string_view kernel) {
  const auto has = [kernel](std::string_view part) { return kernel.find(part) != kernel.npos; };
  const bool packed = kernel.starts_with("packed");
  if (has("avx2") && !has("avx512")) {
    if (has("integer")) return "words_256";
    if (has("q6_k")) return "runs_of_2_256";
    if (has("q4_k")) return "runs_of_8_256";
    if (packed && (has("_k_") || has("iq"))) return "runs_of_4_256";
    return packed ? "word_blocks_256" : "fp32_256";
  }
  if (has("bf16_avx512bf16")) return "bf16";
  return has("integer") || packed ? "int8" : "fp32";
}

}  // namespace nety::roofline
