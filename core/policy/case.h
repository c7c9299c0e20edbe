// One decision in the making: the facts the rules ask for, and the refusals they end in. Private to
// this folder.
#pragma once

#include "core/policy/policy.h"

namespace nety::policy {

/// Where a mode would run.
struct Place {
  const BackendFacts* backend = nullptr;  ///< Null: nowhere.
  std::string device;                     ///< "cpu", "cuda:0"
  std::optional<uint64_t> available;      ///< Memory there; nothing: unknown.
  const results::Gpu* gpu = nullptr;

  /// Unknown memory counts as fitting.
  bool fits(const MemoryPlan& memory) const { return !available || memory.needed() <= *available; }
  std::string available_text() const;
};

/// bf16 arithmetic came with compute capability 8.0.
bool has_bf16(const results::Gpu& gpu);

struct Case {
  const Request& request;
  const results::Machine& machine;
  const ModelFacts& model;
  const Evidence& evidence;
  std::vector<Reason> reasons;
  std::vector<Text> notices;

  /// Errors: kUsage for a device or backend that does not exist here.
  void check_request() const;
  bool only_cpu() const { return request.run().device == "cpu"; }
  bool only_gpu() const { return kind_of_device(request.run().device) == DeviceKind::kCuda; }

  MemoryPlan plan_of(std::optional<precision::ModeId> mode) const;
  /// The mode of `--mode`, checked; nothing: as stored. Error: kUsage.
  std::optional<precision::ModeId> requested_mode() const;
  /// Why a backend's mode is not usable here; empty if nothing is known against it.
  std::string trouble_with(std::optional<precision::ModeId> mode, const Place& place) const;

  /// Where an earlier run's mode could be run again, on its backend and device and in memory that
  /// is there; no backend: nowhere.
  Place place_of(const MeasuredMode& measured) const;

  /// Where `mode` (nothing: as stored) would run: on the CPU; on the GPU, with the reason kept
  /// under `rule` if it cannot; on either, the GPU first. place_for() throws kUsage or kEnvironment
  /// if it runs nowhere or is known not to work there.
  Place cpu_for(std::optional<precision::ModeId> mode) const;
  Place gpu_for(std::optional<precision::ModeId> mode, std::string_view rule);
  Place place_for(std::optional<precision::ModeId> mode);

  /// The notice that goes with --force.
  Text forced(const std::string& mode, const MemoryPlan& memory, const Place& place) const;
  [[noreturn]] void refuse_size(const std::string& mode, const MemoryPlan& memory,
                                const Place& place) const;
  [[noreturn]] void refuse_everything() const;

 private:
  bool runs(const BackendFacts& backend, std::optional<precision::ModeId> mode) const;
  const BackendFacts* backend_on(DeviceKind device, std::optional<precision::ModeId> mode) const;
  const results::Gpu* wanted_gpu() const;
  /// The mode closest in bits per weight to `wanted` that can be made, runs here and fits; empty if
  /// there is none.
  std::string nearest(double wanted_bits) const;
};

}  // namespace nety::policy
