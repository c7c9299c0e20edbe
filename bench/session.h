// What every way of running a benchmark shares: its configurations, their memory, progress, the
// scoring of quality, and the file that comes of it. Private to this folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/entry.h"
#include "bench/run.h"
#include "core/measure/stopwatch.h"

namespace nety::bench {

class Session {
 public:
  Session(const BenchRequest& request, const results::Machine& machine, Observer& observer);
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  virtual results::File measure() = 0;

 protected:
  bool has_quality() const { return !request_.quality_text.empty(); }
  bool interrupted() const { return surroundings_.observer.interrupted(); }
  /// Tells what is done next: "fp32 native: load".
  virtual Step step_now() = 0;
  void step(const Entry& entry, const char* what);

  /// The peak memory of a configuration: as measured, else the most that any of this model takes.
  uint64_t peak_of(const Entry& entry) const;
  /// Bytes for workers side by side.
  uint64_t memory_limit() const;

  /// The reference among those, native before others; null: it is not loaded.
  Entry* reference_of(const std::vector<size_t>& group) const;
  /// The reference again, on another number of threads: its distance to itself is the noise floor.
  /// Null where no native reference is loaded, or memory is too short for a second one.
  std::unique_ptr<Entry> noise_of(const Entry* reference);

  /// One window of text, by the reference first: only one window of its distributions is ever
  /// stored. `known`: the reference has been scored, and only its distributions are wanted.
  /// `seconds`: what each took; null: not wanted.
  void score_window(int64_t window, const std::vector<Entry*>& order, Entry* reference, bool known,
                    const std::string& distributions, std::vector<double>* seconds = nullptr);
  /// Summaries of what was scored, and the noise floor.
  void end_quality(const std::vector<Entry*>& order, Entry* reference, Entry* again);

  results::File file();

  BenchRequest request_;
  results::Machine machine_;
  Surroundings surroundings_;
  const measure::Stopwatch& clock_ = surroundings_.clock;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<std::string> warnings_;
};

/// In rounds: every configuration as often as every other.
std::unique_ptr<Session> make_rounds(const BenchRequest& request, const results::Machine& machine,
                                     Observer& observer);
/// In slices, each where it decides something.
std::unique_ptr<Session> make_slices(const BenchRequest& request, const results::Machine& machine,
                                     Observer& observer);

}  // namespace nety::bench
