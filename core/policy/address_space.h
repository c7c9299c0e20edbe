// What a plan takes of the address space, where that is limited: a mapped file counts whole, also
// where its weights are copied into another form.
#pragma once

#include <cstdint>
#include <span>

#include "core/policy/plan.h"

namespace nety::policy {

/// Bytes of address space for a plan of these weights, the plan's own tenth to spare included.
inline uint64_t address_space_of(const MemoryPlan& plan, std::span<const PlannedWeight> weights) {
  uint64_t stored = 0;
  for (const PlannedWeight& weight : weights)
    stored += weight.stored_bytes * static_cast<uint64_t>(weight.count);
  const uint64_t used_in_place = plan.weights_mapped_bytes;
  return plan.needed() + (stored > used_in_place ? stored - used_in_place : 0);
}

}  // namespace nety::policy
