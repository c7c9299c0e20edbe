// What earlier runs measured on this machine: result files in the cache, with only the figures that
// the policy reads. They expire.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/policy/policy.h"
#include "core/results/results.h"

namespace nety::policy {

class EvidenceStore {
 public:
  using Clock = std::chrono::system_clock;
  static constexpr std::chrono::days kLifetime{30};
  static constexpr size_t kMostFiles = 32;  ///< Of one machine; older ones are removed.

  explicit EvidenceStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// The one in the cache folder; NETY_EVIDENCE names another, or is "off": none.
  static std::optional<EvidenceStore> of_user();

  /// Keeps machine, models, workload and rows of a file, if it has rows of its first machine.
  /// Returns where; nothing if there is nothing to keep. Removes what has expired. Error: kIo.
  std::optional<std::filesystem::path> keep(const results::File& file,
                                            Clock::time_point now = Clock::now()) const;

  /// What is kept of the machine with that fingerprint and by that version of the program, newest
  /// first. Expired and unreadable files are passed over.
  std::vector<results::File> of(const std::string& machine, const std::string& tool,
                                Clock::time_point now = Clock::now()) const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_of(const std::string& machine) const;
  std::filesystem::path folder_;
};

/// Adds to `evidence` what the files say of the model: modes that crashed or are unsupported here,
/// and the speed and quality of the others. The first file that has a mode decides. A mode that
/// nety diag found broken or unsupported counts as such for every model, unless it has run on that
/// model since.
void consult(Evidence& evidence, std::span<const results::File> files, const std::string& model);

}  // namespace nety::policy
