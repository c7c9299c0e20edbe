// The interface through which probes ask about the machine: files, CPUID, libraries, the clock.
// Tests replay captured machines through it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine/answer.h"
#include "core/machine/counters.h"
#include "core/results/machine.h"

namespace nety::machine {

struct CpuidLeaf {
  uint32_t eax, ebx, ecx, edx;
};

/// A machine that can be asked. The host's own is host(); tests read a folder of captured files.
class Machine {
 public:
  virtual ~Machine() = default;
  /// The text of a file such as /proc/meminfo; at most 1 MiB.
  virtual Answer<std::string> read(const std::string& path) const = 0;
  /// Names in a folder such as /sys/bus/pci/devices, sorted.
  virtual Answer<std::vector<std::string>> list(const std::string& path) const = 0;
  /// CPUID; no value where the architecture has none.
  virtual Answer<CpuidLeaf> cpuid(uint32_t leaf, uint32_t subleaf) const = 0;
  /// XCR0: which register state the OS saves.
  virtual Answer<uint64_t> xgetbv() const = 0;
  /// Processors in this process's affinity mask.
  virtual Answer<int> affinity() const = 0;
  /// RLIMIT_AS in bytes; no value where unlimited (reason "unlimited").
  virtual Answer<uint64_t> address_space_limit() const = 0;
  /// True if Linux lets this process use AMX's tile registers, where the processor has them
  /// (arch_prctl ARCH_REQ_XCOMP_PERM).
  virtual Answer<bool> tile_permission() const = 0;
  /// The C library in use: "glibc 2.36".
  virtual Answer<std::string> libc() const = 0;
  /// What hwloc makes of the machine, in its one-line form: "Package:2 [NUMANode] Core:8 PU:2".
  virtual Answer<std::string> topology() const = 0;
  /// Bytes per second that a file is read with, past the page cache, in at most `limit_s` seconds.
  virtual Answer<double> read_rate(const std::string& path, double limit_s) const = 0;
  /// What the GPU driver libraries answered, in the lines of gpu_drivers.h.
  virtual Answer<std::string> gpu_drivers() const = 0;
  /// The processor's counters, opened for this process from now on; never null.
  virtual std::unique_ptr<Counters> counters() const = 0;
};

/// Asks the driver libraries in a process of its own, which may crash or hang: see
/// measure::ask_gpu_drivers.
using DriverAsker = std::function<Answer<std::string>()>;

/// This machine. It does not ask the drivers: most programs that want to know the processor must
/// not pay for that, nor depend on it.
const Machine& host();
/// This machine, asking the drivers that way; once, when first wanted.
std::unique_ptr<Machine> host_asking(DriverAsker asker);
/// A machine captured in a folder: <root>/proc/..., <root>/sys/..., <root>/cpuid.txt (lines
/// "leaf subleaf eax ebx ecx edx" in hex, and "xcr0 value"), <root>/facts.txt ("affinity 2" ...).
std::unique_ptr<Machine> captured(const std::filesystem::path& root);

/// CPU features usable by this process (CPUID and XGETBV), by Linux's names: "avx2", "avx512f",
/// "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8" ...
std::vector<std::string> cpu_features(const Machine& machine);
bool has_feature(const Machine& machine, std::string_view feature);
std::string cpu_model(const Machine& machine);

/// Numbers in a list such as "0-3,8,10-11", as Linux writes processors and nodes; empty if it is
/// not one.
std::vector<int> numbers_in_list(std::string_view list);

/// Processors online in the whole machine, or the container's view of it; 1 if it cannot be told.
int processors(const Machine& machine);

/// Threads to use: max(1, min(affinity, floor(cgroup quota))), v1 and v2, along the whole path.
results::CpuBudget cpu_budget(const Machine& machine);
/// As many as are asked for, or the CPU budget if that is 0.
int threads_for(int64_t asked, const Machine& machine);

/// Memory that can really be allocated: MemAvailable, cgroup limits less working set, RLIMIT_AS.
struct MemoryBudget {
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;              ///< The smallest of all that applies.
  std::optional<uint64_t> limit_bytes;       ///< The smallest limit, and what is held of it:
  std::optional<uint64_t> limit_used_bytes;  ///< the working set, without droppable page cache.
  /// "MemAvailable", "cgroup /a/b memory.max", "RLIMIT_AS"; empty if nothing could be read, which
  /// is not the same as no memory.
  std::string limited_by;
};
MemoryBudget memory_budget(const Machine& machine);

/// GPUs, each with why it is not usable. CUDA's own come first, in CUDA's order, so that "cuda:N"
/// is the Nth; then those that only show on the PCI bus, to NVIDIA's kernel driver or NVML, and
/// those of other vendors. None is a normal result. See gpu.h for reasons in other languages.
std::vector<results::Gpu> gpus(const Machine& machine);

/// "Debian GNU/Linux 12 (bookworm)"; empty if unknown.
std::string system_name(const Machine& machine);
/// The kernel's release, "6.1.0-13-amd64"; empty if unknown.
std::string kernel_release(const Machine& machine);
/// "KVM", "WSL2 (Hyper-V)" ...; empty on bare metal or if it does not show.
std::string hypervisor(const Machine& machine);

/// "docker", "kubernetes", "podman", "lxc" ...; empty if none shows.
std::string container(const Machine& machine);

/// Everything above as the struct that results carry, fingerprint included.
results::Machine describe(const Machine& machine);

}  // namespace nety::machine
