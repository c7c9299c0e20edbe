// Calibrations that are kept: one file for each machine, build, kernel family and number of threads
// in the user's cache.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/measure/calibration.h"

namespace nety::measure {

/// What a calibration holds for. Another machine, build, family or number of threads is another
/// calibration.
struct CalibrationKey {
  std::string machine;  ///< results::Machine::id
  std::string build;    ///< build_id()
  std::string isa;      ///< Forced; empty: the best.
  int threads = 1;
};

/// The running program's contents as a short text: another program has another one, wherever it
/// lies. Error: kIo.
std::string build_id();

class CalibrationStore {
 public:
  static constexpr size_t kMostFiles = 16;  ///< Of all machines and builds; older ones are removed.

  explicit CalibrationStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// The one in the cache folder; NETY_CALIBRATION names another folder.
  static CalibrationStore of_user();

  /// What a look gives: a calibration, or why there is none to use.
  struct Found {
    std::optional<Calibration> calibration;
    std::string problem;  ///< The file is there and cannot be used; empty: there is none.
  };
  /// A damaged file and one that is of another machine or build than its name says are problems.
  Found find(const CalibrationKey& key) const;

  /// Returns where. Error: kIo.
  std::filesystem::path keep(const Calibration& calibration) const;

  std::filesystem::path path_of(const CalibrationKey& key) const;

 private:
  std::filesystem::path folder_;
};

CalibrationKey key_of(const Calibration& calibration);

}  // namespace nety::measure
