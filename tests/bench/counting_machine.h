// A machine whose counters go on by the same amount with every reading.
#pragma once

#include <memory>

#include "tests/machine/fake_machine.h"

namespace nety::bench {

class CountingMachine final : public machine::FakeMachine {
 public:
  static constexpr double kInstructions = 6e6, kCycles = 3e6, kMisses = 600;

  std::unique_ptr<machine::Counters> counters() const override {
    class Going final : public machine::Counters {
     public:
      machine::CounterReading read() override {
        ++readings_;
        machine::CounterReading reading;
        const double steps[] = {kInstructions, kCycles, kMisses};
        for (size_t i = 0; i < machine::kCounters; ++i) reading[i].value = readings_ * steps[i];
        return reading;
      }

     private:
      double readings_ = 0;
    };
    return std::make_unique<Going>();
  }
};

}  // namespace nety::bench
