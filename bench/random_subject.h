// A model of random weights that is timed: tokens one at a time, in turns with plain reading of as
// many bytes, and prompts.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/random_model.h"
#include "core/engine/engine.h"
#include "core/measure/bandwidth.h"

namespace nety::bench {

/// The type that prompts are multiplied in by a kernel of that name: "fp32", "bf16" or "int8".
std::string_view multiplied_type(std::string_view kernel);

/// How a random model is run.
struct SubjectOptions {
  precision::ModeId mode = precision::ModeId::fp32, head = precision::ModeId::fp32;
  model::BackendOptions backend;
  int64_t context = 0;
  model::KvType kv = model::KvType::kFp32;
};

/// Runs on the native backend, which it owns.
class RandomSubject {
 public:
  /// Errors: kMemory, kEnvironment (no such kernel family here).
  RandomSubject(const checkpoint::ModelConfig& config, const SubjectOptions& options);

  /// Tokens per second over about `seconds` of tokens one at a time, from `depth` on, which is
  /// filled already. At most 256 tokens.
  double decode(int64_t depth, double seconds);
  /// Seconds of reading a prompt of that many tokens into an empty context.
  double read_prompt(int64_t tokens);
  /// Bytes of weights, keys and values that one token at `depth` reads.
  uint64_t token_bytes(int64_t depth) const;

  const model::Model& model() const { return random_.model(); }
  const model::Backend& backend() const { return *backend_; }

 private:
  SubjectOptions options_;
  std::unique_ptr<model::Backend> backend_;
  RandomModel random_;
  engine::Engine engine_;
  engine::Sequence sequence_;
  std::vector<int32_t> prompt_;
};

/// A slice of decode, and what reading reached just before and just after it, on average.
struct DecodePair {
  double tokens_per_s = 0, read_bytes_per_s = 0;

  /// Of the reading, what decode reached.
  double share(uint64_t bytes) const {
    return tokens_per_s * static_cast<double>(bytes) / read_bytes_per_s;
  }
};

/// How many pairs, and how long each half takes.
struct PairOptions {
  int pairs = 15;
  double slice_s = 0.06;
  int64_t depth = 0;
};
/// Reads and decodes in turns, `bytes` of the probe at a time, so that neighbours who slow one slow
/// the other.
std::vector<DecodePair> decode_pairs(RandomSubject& subject, measure::BandwidthProbe& probe,
                                     uint64_t bytes, const PairOptions& options);

}  // namespace nety::bench
