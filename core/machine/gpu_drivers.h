// The GPU driver libraries and what they say. They are never linked and never loaded into a process
// that has other work: a driver that hangs or crashes is a finding (measure::ask_gpu_drivers starts
// the process).
//
// The answer is lines of text, so that what was said before a crash is kept:
//   at cuInit                            the call about to be made
//   cuda version = 13000                 <section> <key> = <value>
//   nvml.0 power_limit ? No permission   <section> <key> ? <why there is no value>
// Sections: "cuda" and "nvml" for the libraries, "cuda.N" and "nvml.N" for their devices, and
// "process", added by who started the processes: how one ended, under its library's name.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/machine/machine.h"

namespace nety::machine {

inline constexpr const char* kCudaLibrary = "libcuda.so.1";
inline constexpr const char* kNvmlLibrary = "libnvidia-ml.so.1";

/// The libraries, by section, in the order they are to be asked in: NVML first, because it takes no
/// context on a device, so that the programs it counts are others.
inline constexpr const char* kDriverNames[] = {"nvml", "cuda"};

/// Loads one library and asks it everything, passing on each line (without its newline) at once. To
/// be called in a process that may be lost. False if there is no library of that name.
bool question_gpu_driver(std::string_view name,
                         const std::function<void(const std::string&)>& line);

/// One section of an answer.
class DriverSection {
 public:
  void set(const std::string& key, std::string value) { values_[key] = std::move(value); }
  void refuse(const std::string& key, std::string reason) { reasons_[key] = std::move(reason); }
  bool empty() const { return values_.empty() && reasons_.empty(); }
  /// Empty if there is none.
  std::string text(const std::string& key) const;
  std::optional<uint64_t> number(const std::string& key) const;
  /// Why there is no value; empty if there is one, or nothing was said.
  std::string reason(const std::string& key) const;

 private:
  std::map<std::string, std::string> values_, reasons_;
};

struct DriverAnswers {
  std::map<std::string, DriverSection> sections;

  const DriverSection& section(const std::string& name) const;
  /// "cuda.0", "cuda.1" ... in order.
  std::vector<const DriverSection*> devices(const std::string& library) const;
};

/// Lines that are no answer are skipped.
DriverAnswers parse_driver_answers(std::string_view text);

}  // namespace nety::machine
