// The loops are inline assembly: a compiler might merge, split or spill intrinsics, and the number
// would be about the compiler. Twelve accumulators cover two units of a latency of six.
#include "core/measure/fma.h"

#include <algorithm>
#include <iterator>

#include "core/measure/stopwatch.h"

namespace nety::measure {
namespace {

constexpr int kPortableLanes = 48;
volatile float sink;  // keeps the portable loop from being optimised away

/// Plain C++ arithmetic, compiled for the baseline processor.
void fp32_portable(int64_t iterations) {
  float lanes[kPortableLanes];
  std::fill(std::begin(lanes), std::end(lanes), 1.0F);
  const float factor = sink * 0.0F + 0.999F;
  for (int64_t i = 0; i < iterations; ++i)
    for (float& lane : lanes) lane = lane * factor + 0.001F;
  sink = lanes[0];
}

#if defined(__x86_64__)  // the architecture guard: these are its instructions

// Accumulators are registers 0 to 11; 12 and 13 are the factors, filled with `pattern`.
#define NETY_TWELVE(I) \
  I("0") I("1") I("2") I("3") I("4") I("5") I("6") I("7") I("8") I("9") I("10") I("11")
#define NETY_CLOBBERED                                                                     \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
      "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc"
#define NETY_ZERO(n) "vpxor %%xmm" n ", %%xmm" n ", %%xmm" n "\n\t"
#define NETY_FMA_LOOP(width, step)                                                                \
  __asm__ volatile(                                                                               \
      "vpbroadcastd %1, %%" width "12\n\tvpbroadcastd %1, %%" width                               \
      "13\n\t" NETY_TWELVE(NETY_ZERO) "1:\n\t" NETY_TWELVE(step) "dec %0\n\tjnz 1b\n\tvzeroupper" \
      : "+r"(iterations)                                                                          \
      : "m"(pattern)                                                                              \
      : NETY_CLOBBERED)

// Small normal numbers: neither zeros, which need less power, nor anything that overflows soon.
constexpr uint32_t kFloat = 0x3a83126f;        // 0.001
constexpr uint32_t kBrainFloats = 0x3a833a83;  // twice 0.001
constexpr uint32_t kBytes = 0x01020304;

#define NETY_STEP(n) "vfmadd231ps %%ymm12, %%ymm13, %%ymm" n "\n\t"
__attribute__((target("avx2,fma"))) void fp32_avx2(int64_t iterations) {
  const uint32_t pattern = kFloat;
  NETY_FMA_LOOP("ymm", NETY_STEP);
}
#undef NETY_STEP

#define NETY_STEP(n) "vfmadd231ps %%zmm12, %%zmm13, %%zmm" n "\n\t"
__attribute__((target("avx512f,avx512vl"))) void fp32_avx512(int64_t iterations) {
  const uint32_t pattern = kFloat;
  NETY_FMA_LOOP("zmm", NETY_STEP);
}
#undef NETY_STEP

#define NETY_STEP(n) "vdpbf16ps %%zmm12, %%zmm13, %%zmm" n "\n\t"
__attribute__((target("avx512f,avx512vl,avx512bf16"))) void bf16_avx512(int64_t iterations) {
  const uint32_t pattern = kBrainFloats;
  NETY_FMA_LOOP("zmm", NETY_STEP);
}
#undef NETY_STEP

// Without VNNI: bytes to 16-bit pairs, pairs to 32 bits (14), added. 13 serves as the ones.
#define NETY_STEP(n)                         \
  "vpmaddubsw %%ymm12, %%ymm13, %%ymm14\n\t" \
  "vpmaddwd %%ymm12, %%ymm14, %%ymm14\n\t"   \
  "vpaddd %%ymm14, %%ymm" n ", %%ymm" n "\n\t"
__attribute__((target("avx2"))) void int8_avx2(int64_t iterations) {
  const uint32_t pattern = kBytes;
  NETY_FMA_LOOP("ymm", NETY_STEP);
}
#undef NETY_STEP

#define NETY_STEP(n) "%{vex%} vpdpbusd %%ymm12, %%ymm13, %%ymm" n "\n\t"
__attribute__((target("avx2,avxvnni"))) void int8_avx_vnni(int64_t iterations) {
  const uint32_t pattern = kBytes;
  NETY_FMA_LOOP("ymm", NETY_STEP);
}
#undef NETY_STEP

#define NETY_STEP(n) "vpdpbusd %%zmm12, %%zmm13, %%zmm" n "\n\t"
__attribute__((target("avx512f,avx512vl,avx512vnni"))) void int8_avx512(int64_t iterations) {
  const uint32_t pattern = kBytes;
  NETY_FMA_LOOP("zmm", NETY_STEP);
}
#undef NETY_STEP
#undef NETY_FMA_LOOP
#undef NETY_ZERO
#undef NETY_CLOBBERED
#undef NETY_TWELVE

/// `count` dependent multiplications.
void multiply_chain(int64_t count) {
  int64_t value = 3;
  for (int64_t i = 0; i < count; i += 8)
    __asm__ volatile(
        "imul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0\n\t"
        "imul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0"
        : "+r"(value)
        :
        : "cc");
}

constexpr FmaLoop kLoops[] = {
    {FmaType::kFp32, "portable", "scalar", {}, 2.0 * kPortableLanes, fp32_portable},
    {FmaType::kFp32, "avx2", "avx2", {"avx2", "fma"}, 2.0 * 8 * 12, fp32_avx2},
    {FmaType::kFp32, "avx512", "avx512", {"avx512f", "avx512vl"}, 2.0 * 16 * 12, fp32_avx512},
    {FmaType::kBf16, "avx512_bf16", "avx512", {"avx512_bf16"}, 2.0 * 32 * 12, bf16_avx512},
    {FmaType::kInt8, "avx2", "avx2", {"avx2"}, 2.0 * 32 * 12, int8_avx2},
    {FmaType::kInt8, "avx_vnni", "avx2", {"avx_vnni", "avx2"}, 2.0 * 32 * 12, int8_avx_vnni},
    {FmaType::kInt8, "avx512_vnni", "avx512", {"avx512_vnni"}, 2.0 * 64 * 12, int8_avx512},
};

#else

constexpr FmaLoop kLoops[] = {
    {FmaType::kFp32, "portable", "scalar", {}, 2.0 * kPortableLanes, fp32_portable},
};

void multiply_chain(int64_t /*count*/) {}

#endif

int rank_of(std::string_view family) { return family == "scalar" ? 0 : family == "avx2" ? 1 : 2; }

}  // namespace

std::string_view name_of(FmaType type) {
  constexpr std::string_view kNames[] = {"fp32", "bf16", "int8"};
  return kNames[static_cast<size_t>(type)];
}

std::span<const FmaLoop> fma_loops() { return kLoops; }

bool usable(const FmaLoop& loop, const machine::Machine& machine, std::string_view isa) {
  if (!isa.empty() && rank_of(loop.family) > rank_of(isa)) return false;
  return std::all_of(std::begin(loop.needs), std::end(loop.needs), [&](std::string_view feature) {
    return feature.empty() || machine::has_feature(machine, feature);
  });
}

double FmaProbe::pass(const FmaLoop& loop, double seconds) {
  int64_t iterations = 1000;
  for (;;) {
    const Stopwatch watch;
    pool_.run([&](int, int) { loop.run(iterations); });
    const double taken = std::max(watch.seconds(), 1e-7);
    if (taken >= 0.7 * seconds)
      return loop.operations * static_cast<double>(iterations) * pool_.threads() / taken;
    const double factor = std::min(seconds / taken, 100.0);
    iterations = static_cast<int64_t>(static_cast<double>(iterations) * factor) + 1;
  }
}

std::optional<FmaRate> FmaProbe::peak(FmaType type, const machine::Machine& machine,
                                      std::string_view isa, int passes, double seconds) {
  std::optional<FmaRate> best;
  for (const FmaLoop& loop : kLoops) {
    if (loop.type != type || !usable(loop, machine, isa)) continue;
    for (int i = 0; i < std::max(passes, 1); ++i) {
      const double rate = pass(loop, seconds);
      if (!best || rate > best->ops_per_s) best = FmaRate{loop.name, pool_.threads(), rate};
    }
  }
  return best;
}

std::optional<double> clock_hz() {
  constexpr int64_t kCount = 2'000'000;  // about 2 ms
  constexpr double kLatency = 3;         // cycles of a 64-bit imul
  multiply_chain(kCount);
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const Stopwatch watch;
    multiply_chain(kCount);
    best = std::max(best, kLatency * static_cast<double>(kCount) / std::max(watch.seconds(), 1e-9));
  }
  if (best > 1e11) return std::nullopt;  // there was no chain
  return best;
}

}  // namespace nety::measure
