// One configuration of a run: its worker while there is one, and its rows.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/engine_worker.h"
#include "bench/installed.h"
#include "bench/plan.h"
#include "bench/quality.h"
#include "bench/rows.h"
#include "bench/run.h"
#include "bench/slices.h"
#include "core/measure/bandwidth.h"
#include "core/measure/fma.h"
#include "core/measure/stopwatch.h"

namespace nety::bench {

inline constexpr int64_t kLogitRows = 64;  ///< Of a worker's logits at a time.

/// How workers of ours are started.
measure::WorkerCommand worker_command(const BenchRequest& request);

/// What all configurations of a run share.
struct Surroundings {
  const BenchRequest& request;
  const results::Machine& machine;
  Observer& observer;
  std::map<std::string, std::string> conditions;   ///< Of every row: options::conditions().
  std::unique_ptr<measure::BandwidthProbe> probe;  ///< Made by the first decode on a CPU.
  std::unique_ptr<Installed> installed;            ///< If that backend was asked for.
  std::unique_ptr<measure::FmaProbe> fma;          ///< Made by the first prefill on a CPU.
  measure::Stopwatch clock{};                      ///< Of the run.
  /// By that clock, when no worker is waited for any more; 0: as long as it takes.
  double ends_s = 0;
  double slice_limit_s = 0;  ///< The longest silence in a slice; 0: as in any command.

  bool over() const { return ends_s > 0 && clock.seconds() > ends_s; }
  /// The longest silence of a worker that is waited for now.
  double silence_s() const {
    const double limit = request.command_limit_s;
    return ends_s > 0 ? std::min(limit, std::max(ends_s - clock.seconds(), 0.0)) : limit;
  }
  /// Of contenders that are a Python, by their names: made when first wanted.
  std::map<std::string, std::unique_ptr<Installed>> pythons{};
};

/// Adds gaps between tokens to a row, with the percentiles that the number of all so far allows.
void add_gaps(Row& row, const std::vector<double>& gaps);

class Entry {
 public:
  Entry(Surroundings& surroundings, const Configuration& configuration);

  /// Starts a worker, loads the model and makes the first request. False if that failed: then
  /// nothing more is measured of the configuration.
  bool load();
  /// Ends the worker, if there is one.
  void unload();
  bool loaded() const { return worker_ != nullptr && worker_->alive(); }
  /// No further measurements: something failed or the user interrupted.
  bool given_up() const { return !end_reason_.empty(); }
  /// No more measurements, for a reason that is not the configuration's fault.
  void give_up(const std::string& reason);

  void warm_up();
  /// One sample of every row; of the stream in every second round, the first among them: its time
  /// is prefill and decode again.
  void round(int number);
  /// One slice, paired with those of other configurations in the same turn; its rate, or nothing if
  /// it failed. `probe`: also the roofline.
  std::optional<double> slice(SliceKind kind, int64_t turn, double seconds, bool probe);
  /// Seconds for a prompt of that many tokens, kept nowhere; 0 if it failed.
  double try_prefill(int64_t tokens);
  /// The prompt of prefill slices, before the first of them.
  void set_prompt(int64_t tokens);
  /// Leaves decode out of the results.
  void skip_decode(const std::string& reason);
  /// One sample of the stream of text.
  void stream_once();
  /// Records the peaks of memory so far. Before quality, whose buffers are not the engine's.
  void note_memory();

  /// Hands the text to the worker; the number of windows in it, 0 if that failed.
  int64_t begin_quality();
  /// Scores one window; the distributions are written to a file, or compared with one.
  /// `keep` false: only its distributions are wanted, its own scores are known.
  bool quality_window(int64_t window, const std::string& write, const std::string& compare,
                      bool keep = true);
  /// Summarises the windows. `reference` is what they were compared with (this one itself, if it is
  /// the reference), or null: `no_reference` says why there is none.
  void end_quality(const Entry* reference, const std::string& no_reference);
  /// `again` is the same configuration on another number of threads, compared with this one: the
  /// noise floor of every comparison.
  void set_noise(const Entry& again);

  const Configuration& configuration() const { return configuration_; }
  uint64_t peak_bytes() const { return peak_bytes_; }
  const std::optional<results::Model>& model() const { return model_; }
  /// What is known of its quality so far; without metrics where nothing is.
  results::Result quality() const { return quality_.result(); }
  /// Every row that was planned, measured or not.
  std::vector<results::Result> rows();

 private:
  Row row(const std::string& phase, int64_t n_prompt, int64_t n_gen, int64_t depth) const;
  std::vector<Row*> all_rows();
  void take_facts(const Reply& reply);
  Outcome ask(const Command& command);
  Outcome unless_over(Outcome outcome);
  std::optional<Slice> ask_for(Row& row, const SliceRequest& request);
  bool settle(Row& row, const Outcome& outcome);
  /// Another engine, or null.
  const Contender* contender() const {
    return configuration_.contender ? &surroundings_.request.contenders[*configuration_.contender]
                                    : nullptr;
  }
  bool is_python() const {
    return contender() != nullptr && contender()->kind == ContenderKind::kPython;
  }
  /// Driven by nety-contender.
  bool is_driven() const { return contender() != nullptr && !is_python(); }
  bool is_installed() const { return configuration_.backend == kInstalled || is_python(); }
  /// The longest silence of its worker that is waited for now.
  double silence_s() const {
    const double limit = surroundings_.silence_s();
    return is_driven() ? std::min(limit, surroundings_.request.contender_limit_s) : limit;
  }
  /// Whether no answer is waited for any more.
  bool ends() const { return surroundings_.observer.interrupted() || surroundings_.over(); }
  Installed& installed() const;
  measure::WorkerCommand command_of_worker() const;
  void take_load(const Reply& reply);
  void take_answers();
  /// Inputs of its rates: how they were measured, where that is not as ours are.
  std::vector<std::string> how() const {
    return how_.empty() ? std::vector<std::string>() : std::vector<std::string>{how_};
  }
  bool prepare_installed(EngineRequest& engine);
  Command stream_command(int64_t n_prompt, int64_t n_gen) const;
  /// Rows of a configuration that is only the noise floor of another are not shown.
  void tell(const Row& row) const {
    if (configuration_.threads == 0) surroundings_.observer.row(row.result());
  }
  int64_t threads() const {
    return configuration_.threads > 0 ? configuration_.threads : surroundings_.request.run.threads;
  }
  void first_request(double load_s);
  void add_fault(const Command& command, double first_s);
  void take(Row& row, const Slice& slice, int64_t turn, double whole_s, bool probe);
  Reply probe_device(const Row& row);
  void prefill(Row& row);
  void decode(Row& row);
  void stream(Row& row);
  /// Adds the roofline that a rate is compared with: a device replies its own, the processor's is
  /// measured here.
  void add_bandwidth(Row& row, const Reply& reply, double tg_tps);
  double processor_bandwidth(int threads, uint64_t bytes, std::string& how);
  void add_mfu(Row& row, const Reply& reply, double pp_tps);
  bool probes_device(const Row& row) const {
    return surroundings_.request.probe_bandwidth && row.key().device != "cpu" && !is_installed();
  }
  void set_distances(const Entry& reference);

  Surroundings& surroundings_;
  Configuration configuration_;
  std::unique_ptr<EngineWorker> worker_;
  std::string end_reason_;
  std::optional<results::Model> model_;
  uint64_t peak_bytes_ = 0;
  Row load_, generate_, quality_;
  std::vector<Row> prefills_, decodes_;
  std::vector<std::vector<double>> nll_, kld_, same_top_;  // by window
  double repeat_difference_ = 0;
  double flops_per_token_ = 0;
  int protocol_ = 1;  // that its worker speaks
  std::string activation_, how_;
};

}  // namespace nety::bench
