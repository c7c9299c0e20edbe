// Peak arithmetic, the other roof of the roofline model: multiplications and additions per second
// out of registers, per number type. It bounds prefill.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/thread_pool.h"
#include "core/machine/machine.h"

namespace nety::measure {

/// kFp32: fp32 times fp32 into fp32. kBf16: pairs of bf16 into fp32. kInt8: groups of int8 into
/// int32.
enum class FmaType : uint8_t { kFp32, kBf16, kInt8 };
inline constexpr FmaType kFmaTypes[] = {FmaType::kFp32, FmaType::kBf16, FmaType::kInt8};
/// "fp32", "bf16", "int8".
std::string_view name_of(FmaType type);

/// One instruction (or the shortest sequence that does its work) over enough independent
/// accumulators to fill the units, whatever their latency.
struct FmaLoop {
  FmaType type;
  std::string_view name;      ///< "avx512_bf16"
  std::string_view family;    ///< What `--isa` calls it: "scalar", "avx2" or "avx512".
  std::string_view needs[2];  ///< CPU features, by Linux's names; empty: none.
  double operations;          ///< Per iteration; a multiplication and an addition are two.
  void (*run)(int64_t iterations);
};

/// Every loop there is for this architecture.
std::span<const FmaLoop> fma_loops();
/// The processor can run it, and `isa` ("scalar", "avx2", "avx512"; empty: all) allows it.
bool usable(const FmaLoop& loop, const machine::Machine& machine, std::string_view isa = "");

/// What came out of a measurement.
struct FmaRate {
  std::string_view loop;  ///< Its name.
  int threads = 1;
  double ops_per_s = 0;  ///< Of all threads together.
};

/// Runs loops on all threads of a pool at once.
class FmaProbe {
 public:
  explicit FmaProbe(int threads) : pool_(threads < 1 ? 1 : threads) {}

  /// Operations per second over about `seconds`; the number of iterations is calibrated first.
  double pass(const FmaLoop& loop, double seconds);
  /// The best of `passes` over all usable loops for `type`. None where no instruction multiplies
  /// that type: then kernels use another type, whose peak counts.
  std::optional<FmaRate> peak(FmaType type, const machine::Machine& machine,
                              std::string_view isa = "", int passes = 5, double seconds = 0.02);

 private:
  ThreadPool pool_;
};

/// Cycles per second of one busy core, from a chain of dependent multiplications, each three cycles
/// on every x86-64 of the last 15 years; none elsewhere. The best of a few passes.
std::optional<double> clock_hz();

}  // namespace nety::measure
