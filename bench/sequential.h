// A run by slices: workers stay loaded beside each other, and the schedule says whose slice is
// next. sequential.cpp has the order of a run, sequential_speed.cpp workers and turns,
// sequential_quality.cpp what text is scored. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/questions.h"
#include "bench/schedule.h"
#include "bench/session.h"

namespace nety::bench {

inline constexpr double kDecodeSlice = 0.3;  ///< Seconds.
inline constexpr double kClosing = 0.5;      ///< Seconds at the end, for ending the workers.

class Sequential final : public Session {
 public:
  Sequential(const BenchRequest& request, const results::Machine& machine, Observer& observer);

  results::File measure() override;

 private:
  double budget() const;
  /// By the run's clock, when the workers have to be ended.
  double ends() const { return budget() - kClosing; }
  double left() const { return ends() - clock_.seconds(); }
  Entry& entry(size_t contender) { return *entries_[contender]; }
  bool is_own(size_t i) const { return configurations_[i].backend == "native"; }
  std::optional<size_t> reference_index() const;
  /// Those of our own engine that have not failed, in the order of their importance.
  std::vector<size_t> own() const { return those(true); }
  /// Those of other engines that are loaded.
  std::vector<size_t> others() const;
  std::vector<size_t> those(bool own) const;
  Step step_now() override;

  // The order of a run.
  void open();
  void try_out(const std::vector<size_t>& first);
  void fit_prompt(Entry& reference);
  double expected_slice_s(size_t like, SliceKind kind) const;
  /// Seconds at the end that are not for speed.
  double quality_reserve() const;
  void announce();
  void wish();
  void stream_each();
  results::File close();

  // Workers and their turns.
  bool load(size_t i);
  void unload(size_t i);
  void make_room(const std::vector<size_t>& kept);
  void load_for(const Turn& turn);
  bool is_old(size_t i) const;
  void say_apart();
  /// One turn that leaves `reserve` seconds; false if there is none.
  bool one_turn(double reserve, int highest_rank, Effort effort);
  void take(const Turn& turn);

  // Quality.
  double window_s(size_t i) const;
  double quality_s(const std::vector<size_t>& group) const;
  /// For other engines: of those that will be there, as many as there is time for.
  double other_quality_s() const { return has_quality() ? quality_s(others()) : 0; }
  double quality_time() const;
  bool may_be_faster(size_t i) const;
  bool settles(size_t i) const;
  void quality(std::vector<size_t> wanted);
  std::vector<size_t> next_group(const std::vector<size_t>& wanted);
  void score(const std::vector<size_t>& group);
  void score_windows(int64_t windows, std::vector<Entry*> order, Entry* reference, bool known,
                     const std::string& distributions);
  void noise_floor();
  results::Closeness closeness_of(size_t i);
  void consider_quality();

  std::vector<Configuration> configurations_;
  std::optional<size_t> choice_;
  std::vector<size_t> order_;
  Schedule schedule_;
  std::vector<int64_t> since_load_;  // slices
  std::vector<double> load_s_;       // of the last load
  std::vector<bool> scored_;  // since it was loaded: its peak of memory is not its own any more
  bool said_apart_ = false, announced_ = false;
};

}  // namespace nety::bench
