// Threads that lose their processor at any instruction: a signal whose handler sleeps.
#pragma once

#include <cstdint>
#include <vector>

namespace nety {

/// All threads of this process but the calling one, as Linux numbers them.
std::vector<int> other_threads();

/// Whether a thread is interrupted wherever it is: under ThreadSanitizer only where it calls what
/// that intercepts, which a thread that spins never does.
bool interrupts_anywhere();

/// Holds `thread` up for as long as it lives.
class HeldThread {
 public:
  explicit HeldThread(int thread);
  ~HeldThread();
  HeldThread(const HeldThread&) = delete;
  HeldThread& operator=(const HeldThread&) = delete;
};

/// Holds random threads up for random times, the calling one among them, as long as it lives.
class RandomHolds {
 public:
  explicit RandomHolds(uint32_t seed);
  ~RandomHolds();
  RandomHolds(const RandomHolds&) = delete;
  RandomHolds& operator=(const RandomHolds&) = delete;

 private:
  struct Sender;
  Sender* sender_;
};

}  // namespace nety
