#include "core/policy/evidence_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/utc.h"
#include "core/results/json.h"

namespace nety::policy {
namespace fs = std::filesystem;

namespace {

using results::Result;
using results::Status;

/// A fingerprint as a file name, whatever it holds.
std::string file_name_of(std::string text) {
  for (char& c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '-' && c != '_') c = '_';
  }
  return text.empty() ? "unknown" : text;
}

/// The figures that take() and consult() look at. Every start parses all that is kept.
constexpr std::string_view kConsulted[] = {"tg_tps", "kld", "top1_agreement"};

/// Without samples and figures that nobody consults.
results::File digest_of(const results::File& file) {
  results::File kept;
  kept.tool = file.tool;
  kept.created_utc = file.created_utc;
  kept.command = file.command;
  kept.machines = {file.machines.front()};
  kept.models = file.models;
  kept.workload = file.workload;
  for (const Result& row : file.results) {
    if (row.machine != kept.machines.front().id) continue;
    kept.results.push_back(row);
    std::erase_if(kept.results.back().metrics, [](const auto& entry) {
      return std::ranges::find(kConsulted, entry.first) == std::end(kConsulted);
    });
    for (auto& entry : kept.results.back().metrics) {
      entry.second.samples.clear();
      entry.second.inputs.clear();
    }
  }
  return kept;
}

/// Files of a folder, newest first: their names begin with their time.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end;
       it.increment(failure))
    if (it->path().extension() == ".json") files.push_back(it->path());
  std::sort(files.rbegin(), files.rend());
  return files;
}

std::optional<results::File> read(const fs::path& path) {
  try {
    return results::from_json(read_file(path), path.string());
  } catch (const Error&) {
    return std::nullopt;  // an older version's, or damaged: as if it were not there
  }
}

std::optional<double> value_of(const Result& row, const char* metric) {
  const auto found = row.metrics.find(metric);
  return found == row.metrics.end() ? std::nullopt : found->second.median;
}

/// What one file says of one mode on one backend.
struct Account {
  MeasuredMode measured;
  std::string trouble;  ///< Why it cannot be used; empty: nothing is known against it.
  bool ran = false;
};

void take(Account& account, const Result& row) {
  if (row.status == Status::kCrashed || row.status == Status::kUnsupported) {
    if (account.trouble.empty())
      account.trouble = row.reason.empty() ? std::string(name_of(row.status)) : row.reason;
    return;
  }
  if (row.status != Status::kOk) return;
  account.ran = true;
  MeasuredMode& measured = account.measured;
  if (row.phase == "decode" && !measured.tg_tps) {
    measured.tg_tps = value_of(row, "tg_tps");
    const auto rate = row.metrics.find("tg_tps");
    if (rate != row.metrics.end()) measured.n = rate->second.n;
  }
  if (row.phase == "quality") {
    measured.kld = value_of(row, "kld");
    measured.top1 = value_of(row, "top1_agreement");
  }
}

/// A mode that nety diag tried on products of matrices, whatever the model.
struct Trial {
  std::string mode, backend;
  std::string trouble;  ///< Empty: it was right.
};

/// The newest trial of each mode on each backend that came to an end.
std::vector<Trial> trials_in(std::span<const results::File> files) {
  std::vector<Trial> trials;
  for (const results::File& file : files)
    for (const Result& row : file.results) {
      if (row.phase != "matvec" || row.status == Status::kSkipped ||
          row.status == Status::kDoesNotFit)
        continue;
      const bool known = std::any_of(trials.begin(), trials.end(), [&row](const Trial& trial) {
        return trial.mode == row.mode && trial.backend == row.backend;
      });
      if (known) continue;
      const bool right = row.status == Status::kOk;
      const std::string why = row.reason.empty() ? std::string(name_of(row.status)) : row.reason;
      trials.push_back({row.mode, row.backend, right ? "" : why});
    }
  return trials;
}

bool knows(const Evidence& evidence, const MeasuredMode& mode) {
  const auto measured = [&mode](const MeasuredMode& other) {
    return other.mode == mode.mode && other.backend == mode.backend;
  };
  const auto unusable = [&mode](const ModeTrouble& other) {
    return precision::mode(other.mode).name == mode.mode && other.backend == mode.backend;
  };
  return std::any_of(evidence.measured.begin(), evidence.measured.end(), measured) ||
         std::any_of(evidence.unusable.begin(), evidence.unusable.end(), unusable);
}

}  // namespace

std::optional<EvidenceStore> EvidenceStore::of_user() {
  const char* named = std::getenv("NETY_EVIDENCE");
  if (named == nullptr || *named == '\0') return EvidenceStore(cache_folder() / "evidence");
  if (std::string_view(named) == "off") return std::nullopt;
  return EvidenceStore(named);
}

fs::path EvidenceStore::folder_of(const std::string& machine) const {
  return folder_ / file_name_of(machine);
}

std::optional<fs::path> EvidenceStore::keep(const results::File& file,
                                            Clock::time_point now) const {
  if (file.machines.empty()) return std::nullopt;
  const results::File digest = digest_of(file);
  if (digest.results.empty()) return std::nullopt;
  const fs::path folder = folder_of(digest.machines.front().id);
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure)
    throw Error(ErrorKind::kIo,
                fmt::format("{}: cannot be made: {}", folder.string(), failure.message()),
                "NETY_EVIDENCE names another folder, or is off.");
  std::string name = digest.created_utc.empty() ? utc_text(now) : digest.created_utc;
  const fs::path path = folder / (file_name_of(std::move(name)) + ".json");
  write_file(path, results::to_json(digest));

  const std::string oldest = file_name_of(utc_text(now - kLifetime));
  const std::vector<fs::path> files = files_in(folder);
  for (size_t i = 0; i < files.size(); ++i)
    if (i >= kMostFiles || files[i].stem().string() < oldest) fs::remove(files[i], failure);
  return path;
}

std::vector<results::File> EvidenceStore::of(const std::string& machine, const std::string& tool,
                                             Clock::time_point now) const {
  std::vector<results::File> out;
  const std::string oldest = utc_text(now - kLifetime);
  for (const fs::path& path : files_in(folder_of(machine))) {
    std::optional<results::File> file = read(path);
    if (!file || file->tool != tool || file->created_utc < oldest) continue;
    if (file->machines.empty() || file->machines.front().id != machine) continue;
    out.push_back(*std::move(file));
  }
  return out;
}

void consult(Evidence& evidence, std::span<const results::File> files, const std::string& model) {
  for (const results::File& file : files) {
    std::vector<Account> accounts;
    for (const Result& row : file.results) {
      if (row.model != model) continue;
      const auto same = [&row](const Account& account) {
        return account.measured.mode == row.mode && account.measured.backend == row.backend;
      };
      auto found = std::find_if(accounts.begin(), accounts.end(), same);
      if (found == accounts.end()) {
        Account account;
        account.measured.mode = row.mode;
        account.measured.backend = row.backend;
        account.measured.device = row.device;
        account.measured.created_utc = file.created_utc;
        found = accounts.insert(accounts.end(), std::move(account));
      }
      take(*found, row);
    }
    for (const Account& account : accounts) {
      if (knows(evidence, account.measured)) continue;
      const precision::Mode* mode = precision::find_mode(account.measured.mode);
      if (!account.trouble.empty() && mode != nullptr)
        evidence.unusable.push_back({mode->id, account.measured.backend, account.trouble});
      else if (account.ran)
        evidence.measured.push_back(account.measured);
    }
  }
  for (const Trial& trial : trials_in(files)) {
    MeasuredMode asked;
    asked.mode = trial.mode;
    asked.backend = trial.backend;
    const precision::Mode* mode = precision::find_mode(trial.mode);
    if (trial.trouble.empty() || mode == nullptr || knows(evidence, asked)) continue;
    evidence.unusable.push_back({mode->id, trial.backend, trial.trouble});
  }
}

}  // namespace nety::policy
