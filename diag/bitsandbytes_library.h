// bitsandbytes' own C library for CPUs, called directly: whether what it computes is what its
// format means. In a worker, because it may crash.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace nety::diag {

/// One function of the library on one shape.
struct LibraryCheck {
  std::string function;  ///< "cdequantize_blockwise_cpu_nf4_fp32"
  int64_t rows = 0, columns = 0;
  bool found = false;         ///< The library has the function.
  double error_relative = 0;  ///< Of its result against our reference; not finite is 1.
};

/// What became of the library.
struct LibraryReport {
  std::string failure;  ///< Why it could not be loaded, or how the worker ended.
  std::vector<LibraryCheck> checks;
};

/// Loads the library into this process and calls it; one line per check to `out`. For the worker.
/// Returns its exit code.
int check_bitsandbytes_library(const std::filesystem::path& library, std::ostream& out);

/// The same in a worker of this program, for at most `limit_s` seconds. Never throws.
LibraryReport ask_bitsandbytes_library(const std::filesystem::path& library, double limit_s);

}  // namespace nety::diag
