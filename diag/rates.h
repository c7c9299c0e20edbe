// The machine's measured roofline: memory bandwidth and peak arithmetic.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/options/run_options.h"

namespace nety::diag {

/// Which rates: a gate measures only those that it asks for.
struct RateParts {
  bool bandwidth = false;      ///< Reading, all threads.
  bool bandwidth_one = false;  ///< Reading, one thread.
  bool triad = false;
  bool arithmetic = false;  ///< Peaks by type, all threads and one, and the clock.

  static RateParts all() { return {true, true, true, true}; }
  bool any() const { return bandwidth || bandwidth_one || triad || arithmetic; }
  bool operator==(const RateParts&) const = default;
};

/// What is to be measured, in a worker process.
struct RatesRequest {
  options::RunOptions run{.threads = 1};  ///< Of which threads and kernel family count.
  double memory_bytes = 0;                ///< That the buffer may take.
  RateParts parts = RateParts::all();
};

/// A peak and the instruction that gave it.
struct Peak {
  double ops_per_s = 0;
  std::string loop;
};

struct Rates {
  RateParts parts = RateParts::all();  ///< What was measured; the rest has no figures.
  double read_bytes_per_s = 0;         ///< All threads, the best pattern.
  double read_one_bytes_per_s = 0;     ///< One thread, the best pattern.
  std::string read_pattern, read_one_pattern;
  double triad_bytes_per_s = 0;           ///< All threads, counted as STREAM does.
  double buffer_bytes = 0;                ///< What was read.
  double clock_hz = 0;                    ///< 0: cannot be told.
  std::map<std::string, Peak> peaks;      ///< By type: "fp32", "bf16", "int8"; all threads.
  std::map<std::string, Peak> peaks_one;  ///< The same of one thread.
  int threads = 1;
};

/// Takes two seconds on an idle machine with all parts. Error: kMemory.
Rates measure_rates(const RatesRequest& request);

}  // namespace nety::diag
