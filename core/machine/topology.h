// How the processors, their caches and the memory are arranged: sockets, cores, SMT, NUMA. From
// /sys, else /proc/cpuinfo, else CPUID; hwloc's own view is Machine::topology().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/machine/machine.h"

namespace nety::machine {

/// Counted over the processors online; nothing where it cannot be told.
struct Arrangement {
  std::optional<int> sockets, cores, threads_per_core;  ///< The last: of the core that has most.
  std::string source;
};
Arrangement arrangement(const Machine& machine);

/// A kind of cache of processor 0: one row of `lscpu -C`.
struct Cache {
  int level = 0;
  std::string name;    ///< "L1d", "L2", "L3"
  uint64_t bytes = 0;  ///< Of one instance.
  int shared_by = 0;   ///< Processors that share one; 0: cannot be told.
};
/// Instruction caches left out; nearest first. Empty if they cannot be told.
std::vector<Cache> caches(const Machine& machine);

/// A NUMA node with processors or memory.
struct NumaNode {
  int id = 0;
  std::vector<int> processors;
  std::optional<uint64_t> total_bytes, free_bytes;
};
/// Empty if the kernel shows none.
std::vector<NumaNode> numa_nodes(const Machine& machine);

}  // namespace nety::machine
