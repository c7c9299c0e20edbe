// The processor's counters (perf_event_open): how much work it did, which is steadier than how long
// that took. Virtual machines often show none, containers often forbid them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/machine/answer.h"

namespace nety::machine {

enum class Counter : uint8_t {
#define NETY_COUNTER(id, word, event) id,
#include "core/machine/counters.def"
#undef NETY_COUNTER
};

inline constexpr std::array kCounterWords = {
#define NETY_COUNTER(id, word, event) std::string_view(word),
#include "core/machine/counters.def"
#undef NETY_COUNTER
};
inline constexpr size_t kCounters = kCounterWords.size();

/// By Counter: counted since it was opened, or why that is not known.
using CounterReading = std::array<Answer<double>, kCounters>;

/// Open counters of this process: of the thread that opened them and of every thread that was
/// started since. User code only, which is what an unprivileged process may see.
class Counters {
 public:
  virtual ~Counters() = default;
  virtual CounterReading read() = 0;
};

/// Those of the kernel that this program runs on.
std::unique_ptr<Counters> open_counters();

}  // namespace nety::machine
