// What the processor is and which of its instructions this process may use. Sources: Intel SDM
// vol. 2A, CPUID, and vol. 1, 13.3 (XCR0); names are those of Linux's /proc/cpuinfo.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/machine/machine.h"
#include "core/machine/text.h"

namespace nety::machine {
namespace {

enum class Register { kEax, kEbx, kEcx, kEdx };

// Register state that the system must save before an instruction may be used (bits of XCR0).
constexpr uint64_t kAvxState = 0x6;           // SSE, AVX
constexpr uint64_t kAvx512State = 0xe6;       // and opmask, upper halves, upper registers
constexpr uint64_t kAmxState = 0x3ULL << 17;  // tile configuration and data

struct Feature {
  std::string_view name;
  uint32_t leaf, subleaf;
  Register place;
  int bit;
  uint64_t state;
};

constexpr Feature kFeatures[] = {
    {"avx", 1, 0, Register::kEcx, 28, kAvxState},
    {"f16c", 1, 0, Register::kEcx, 29, kAvxState},
    {"fma", 1, 0, Register::kEcx, 12, kAvxState},
    {"avx2", 7, 0, Register::kEbx, 5, kAvxState},
    {"avx_vnni", 7, 1, Register::kEax, 4, kAvxState},
    {"avx512f", 7, 0, Register::kEbx, 16, kAvx512State},
    {"avx512dq", 7, 0, Register::kEbx, 17, kAvx512State},
    {"avx512bw", 7, 0, Register::kEbx, 30, kAvx512State},
    {"avx512vl", 7, 0, Register::kEbx, 31, kAvx512State},
    {"avx512vbmi", 7, 0, Register::kEcx, 1, kAvx512State},
    {"avx512_vbmi2", 7, 0, Register::kEcx, 6, kAvx512State},
    {"avx512_vnni", 7, 0, Register::kEcx, 11, kAvx512State},
    {"avx512_bf16", 7, 1, Register::kEax, 5, kAvx512State},
    {"avx512_fp16", 7, 0, Register::kEdx, 23, kAvx512State},
    {"amx_tile", 7, 0, Register::kEdx, 24, kAmxState},
    {"amx_int8", 7, 0, Register::kEdx, 25, kAmxState},
    {"amx_bf16", 7, 0, Register::kEdx, 22, kAmxState},
};

// The features used here, of the kernel's "Features" line on ARM.
constexpr std::string_view kArmFeatures[] = {"asimd", "asimdhp", "asimddp", "i8mm",
                                             "bf16",  "sve",     "sve2"};

struct ArmPart {
  std::string_view implementer, part, name;
};
constexpr ArmPart kArmParts[] = {
    {"0x41", "0xd08", "ARM Cortex-A72"},   {"0x41", "0xd0b", "ARM Cortex-A76"},
    {"0x41", "0xd0c", "ARM Neoverse N1"},  {"0x41", "0xd40", "ARM Neoverse V1"},
    {"0x41", "0xd49", "ARM Neoverse N2"},  {"0x41", "0xd4f", "ARM Neoverse V2"},
    {"0xc0", "0xac3", "Ampere AmpereOne"},
};

/// The leaf, or zeros where the processor does not have it: beyond its highest leaf some answer
/// with another leaf's bits.
CpuidLeaf leaf_of(const Machine& machine, uint32_t leaf, uint32_t subleaf) {
  const auto base = machine.cpuid(leaf & 0xffff0000U, 0);
  if (!base || base.value->eax < leaf) return {};
  if (leaf == 7 && subleaf > 0 && machine.cpuid(leaf, 0).value->eax < subleaf) return {};
  return *machine.cpuid(leaf, subleaf).value;
}

uint32_t register_of(const CpuidLeaf& leaf, Register place) {
  switch (place) {
    case Register::kEax:
      return leaf.eax;
    case Register::kEbx:
      return leaf.ebx;
    case Register::kEcx:
      return leaf.ecx;
    case Register::kEdx:
      return leaf.edx;
  }
  return 0;
}

bool usable(const Feature& feature, const CpuidLeaf& leaf, uint64_t saved_state) {
  return (register_of(leaf, feature.place) >> feature.bit & 1U) != 0 &&
         (saved_state & feature.state) == feature.state;
}

std::vector<std::string> arm_features(const Machine& machine) {
  std::vector<std::string> found;
  const std::string line = value_of(machine.read("/proc/cpuinfo"), "Features", ':');
  for (const std::string_view word : split(line, ' ')) {
    if (std::find(std::begin(kArmFeatures), std::end(kArmFeatures), word) != std::end(kArmFeatures))
      found.emplace_back(word);
  }
  return found;
}

/// The brand string of leaves 0x80000002 to 0x80000004, its padding removed.
std::string brand(const Machine& machine) {
  std::array<char, 48> text{};
  for (uint32_t i = 0; i < 3; ++i) {
    const CpuidLeaf leaf = leaf_of(machine, 0x80000002U + i, 0);
    const uint32_t words[] = {leaf.eax, leaf.ebx, leaf.ecx, leaf.edx};
    std::memcpy(text.data() + 16 * i, words, sizeof words);
  }
  return single_spaced({text.data(), strnlen(text.data(), text.size())});
}

}  // namespace

std::vector<std::string> cpu_features(const Machine& machine) {
  if (!machine.cpuid(0, 0)) return arm_features(machine);
  uint64_t saved_state = machine.xgetbv().value.value_or(0);
  // Linux hands out the tile registers on request only; a refusal is as good as their absence.
  if ((saved_state & kAmxState) == kAmxState && !machine.tile_permission().value.value_or(true))
    saved_state &= ~kAmxState;
  std::vector<std::string> found;
  CpuidLeaf leaf{};
  for (const Feature* last = nullptr; const Feature& feature : kFeatures) {
    if (last == nullptr || last->leaf != feature.leaf || last->subleaf != feature.subleaf)
      leaf = leaf_of(machine, feature.leaf, feature.subleaf);
    last = &feature;
    if (usable(feature, leaf, saved_state)) found.emplace_back(feature.name);
  }
  return found;
}

bool has_feature(const Machine& machine, std::string_view feature) {
  const std::vector<std::string> found = cpu_features(machine);
  return std::find(found.begin(), found.end(), feature) != found.end();
}

std::string cpu_model(const Machine& machine) {
  if (std::string name = brand(machine); !name.empty()) return name;
  const auto info = machine.read("/proc/cpuinfo");
  if (std::string name = single_spaced(value_of(info, "model name", ':')); !name.empty())
    return name;
  const std::string implementer = value_of(info, "CPU implementer", ':');
  const std::string part = value_of(info, "CPU part", ':');
  if (implementer.empty()) return "unknown processor";
  for (const ArmPart& known : kArmParts) {
    if (known.implementer == implementer && known.part == part) return std::string(known.name);
  }
  return "ARM processor (implementer " + implementer + ", part " + part + ")";
}

}  // namespace nety::machine
