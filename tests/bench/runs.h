// What tests of whole runs share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "bench/plan.h"
#include "core/results/results.h"

namespace nety::bench {

/// Short slices of a model that the fake engines stand for.
inline BenchRequest fake_request(std::vector<std::string> modes) {
  BenchRequest request;
  request.model = "fake.gguf";
  request.modes = std::move(modes);
  request.prompts = {16};
  request.gens = {8};
  request.command_limit_s = 60;
  return request;
}

/// Two threads and 8 GiB.
inline results::Machine test_machine() {
  results::Machine machine;
  machine.id = "test-machine";
  machine.cpu_budget.threads = 2;
  machine.memory_available_bytes = uint64_t{8} << 30;
  return machine;
}

/// The row of a mode and phase.
inline const results::Result& find(const results::File& file, const std::string& mode,
                                   const std::string& phase) {
  for (const results::Result& row : file.results)
    if (row.mode == mode && row.phase == phase) return row;
  ADD_FAILURE() << "no row " << mode << " " << phase;
  static const results::Result kNone;
  return kNone;
}

}  // namespace nety::bench
