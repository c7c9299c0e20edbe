// A machine as results know it: what its speed depends on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nety::results {

struct CpuBudget {
  int threads = 1;              ///< max(1, min(affinity, floor(quota)))
  int affinity = 1;             ///< Processors this process may run on.
  std::optional<double> quota;  ///< cgroup quota in processors; absent: none.
  std::optional<int> cpuset{};  ///< Processors of the narrowest cgroup cpuset; absent: none said.
};

struct Gpu {
  std::string name;
  std::string vendor;  ///< "NVIDIA", "AMD", "Intel"
  std::string compute_capability;
  std::optional<uint64_t> total_bytes, free_bytes;
  bool usable = false;
  std::string reason;             ///< Why it is not usable.
  std::string address{}, uuid{};  ///< On the PCI bus, "0000:06:00.0"; of the device or MIG slice.
  std::string driver{}, cuda{};   ///< Versions: "580.65.06", and the newest CUDA it supports.
  std::optional<bool> mig{};      ///< Split into slices; the memory is then the slice's.
  std::optional<bool> ecc{};      ///< Error correction is on.
  std::optional<uint64_t> ecc_uncorrected{};  ///< Errors since the driver was loaded.
  std::optional<bool> persistence{};          ///< The driver stays loaded between programs.
  std::optional<double> power_limit_w{}, power_default_w{};
  std::optional<int> sm_clock_mhz{}, sm_clock_max_mhz{};
  std::optional<int> memory_clock_mhz{}, memory_clock_max_mhz{};
  std::vector<std::string> throttle{};  ///< Why the clocks are held down now: "power cap" ...
  std::optional<int> processes{};       ///< Other programs computing on it.
  std::optional<int> pcie_generation{}, pcie_generation_max{}, pcie_width{}, pcie_width_max{};
  std::map<std::string, std::string> unknown{};  ///< Of the above, what was refused, and why.
};

/// A machine, as results depend on it.
struct Machine {
  std::string id;  ///< Fingerprint: same id, comparable results.
  std::string cpu, os, kernel, hypervisor;
  std::vector<std::string> features;  ///< "avx2", "avx512_bf16" ..., usable by this process.
  CpuBudget cpu_budget;
  int processors = 0;
  uint64_t memory_total_bytes = 0, memory_available_bytes = 0;
  std::optional<uint64_t> memory_limit_bytes;  ///< cgroup or rlimit, the smallest.
  std::vector<Gpu> gpus;
  std::optional<int> sockets{}, cores{}, numa_nodes{};  ///< Absent: cannot be told.
  std::string libc{}, container{};                      ///< "glibc 2.36"; "docker", or empty.
};

}  // namespace nety::results
