// What the fake driver libraries pretend to be, chosen by the environment variable
// NETY_FAKE_DRIVER.
#pragma once

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace nety::fake {

struct Scenario {
  const char* name;
  int cuda;  // as cuDriverGetVersion says
  const char* driver;
  const char* device;              // null: there is none, though the driver is there
  int major, minor;                // compute capability
  unsigned long long total, free;  // of what CUDA sees
  bool mig, denied;
};

constexpr unsigned long long kGib = 1ULL << 30;
constexpr Scenario kScenarios[] = {
    {"h100", 13000, "580.65.06", "NVIDIA H100 80GB HBM3", 9, 0, 79 * kGib, 78 * kGib, false, false},
    {"mig", 13000, "580.65.06", "NVIDIA H100 80GB HBM3 MIG 1g.10gb", 9, 0, 10 * kGib, 9 * kGib,
     true, false},
    {"old-driver", 12040, "550.54.14", "NVIDIA A10", 8, 6, 22 * kGib, 21 * kGib, false, false},
    {"maxwell", 13000, "580.65.06", "NVIDIA GeForce GTX 960", 5, 2, 2 * kGib, 1 * kGib, false,
     false},
    {"turing", 13000, "580.65.06", "Tesla T4", 7, 5, 15 * kGib, 14 * kGib, false, false},
    {"denied", 13000, "580.65.06", "NVIDIA H100 80GB HBM3", 9, 0, 79 * kGib, 78 * kGib, false,
     true},
    {"no-device", 13000, "580.65.06", nullptr, 0, 0, 0, 0, false, false},
};

/// The scenario; the first where the name is of a failure ("cuda-hangs"), which failure() knows.
inline const Scenario& scenario() {
  const char* name = std::getenv("NETY_FAKE_DRIVER");
  for (const Scenario& each : kScenarios)
    if (name != nullptr && std::strcmp(name, each.name) == 0) return each;
  return kScenarios[0];
}

/// Fails as asked, where `here` is "cuda" or "nvml": NETY_FAKE_DRIVER=cuda-hangs, nvml-crashes ...
inline void fail_if_asked(std::string_view here) {
  const char* name = std::getenv("NETY_FAKE_DRIVER");
  const std::string_view wanted = name != nullptr ? name : "";
  if (!wanted.starts_with(here)) return;
  if (wanted.ends_with("-hangs"))
    for (;;) ::pause();
  if (wanted.ends_with("-crashes")) {
    ::signal(SIGSEGV, SIG_DFL);  // whatever a sanitizer has put there
    ::raise(SIGSEGV);
  }
  if (wanted.ends_with("-exits")) ::_exit(3);
}

}  // namespace nety::fake

#define NETY_EXPORT extern "C" __attribute__((visibility("default")))
