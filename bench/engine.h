// What the benchmark asks of an engine. One engine holds one model in one configuration, in a
// worker process of its own; engine_model.cpp makes ours from core/model, tests make fakes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.h"
#include "core/options/run_options.h"
#include "core/results/results.h"

namespace nety::bench {

/// A configuration to load. Empty words and zeros mean the default.
struct EngineRequest {
  std::string model;  ///< As on the command line: a path or "default"; empty with a shape.
  /// Nothing is left to a policy: the device is named, the context is what one sequence will hold.
  options::RunOptions run{.backend = "native", .device = "cpu"};
  int64_t logit_rows = 0;  ///< Most tokens given to one call of logits().
  std::string shape;  ///< As --shape takes it: random weights instead of a model. Empty: a model.
  uint64_t seed = 1;  ///< Of those weights.
};

/// What there is to say of a loaded model.
struct LoadReport {
  results::Model model;
  std::string device, isa, kernel;  ///< What is really used: "cpu", "avx512", "avx512_bf16".
  int threads = 0;
  /// Parts of the load in seconds, by the words read, convert, upload, init; those that are known.
  std::map<std::string, double> phases_s;
  double cached_share = -1;    ///< Of the file's pages, in the page cache before; -1: unknown.
  uint64_t weights_bytes = 0;  ///< Of all tensors as they are used, scales included.
  uint64_t kv_bytes = 0;       ///< Of the cache, for the context asked for.
  double flops_per_token = 0;  ///< Of the layers' matrices: two per weight. 0: unknown.
  std::string activation;      ///< What products multiply: "fp32", "bf16", "int8 ...".
  int64_t vocab = 0;
  int64_t context = 0;  ///< Tokens that one sequence can hold.
};

/// Receives the text of one generated token, which may be empty (half a character).
using OnToken = std::function<void(std::string_view text)>;

/// One model in one configuration. Every call returns when its work is done and its results are on
/// the host, so that the caller's clock measures it. Errors are thrown as Error; their kind becomes
/// the row's status: kMemory does_not_fit, kUsage and kEnvironment unsupported, others error.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Opens, plans, loads and prepares. Called once, before anything else.
  virtual LoadReport load(Progress& progress) = 0;
  /// What loading planned to need, after load() or its refusal; 0: no plan was made.
  virtual uint64_t planned_bytes() const { return 0; }

  /// Begins a new, empty sequence. Not timed.
  virtual void reset() = 0;
  /// Forgets everything after the first `length` tokens of the sequence. Not timed.
  virtual void rewind(int64_t length) = 0;
  /// Appends a prompt; computes the logits of its last token only.
  virtual void prefill(std::span<const int32_t> tokens) = 0;
  /// Appends one token and computes its logits; no sampling, no text.
  virtual void decode(int32_t token) = 0;
  /// Appends at most logit_rows tokens and returns the logits of all of them [T, vocab], valid
  /// until the next call.
  virtual std::span<const float> logits(std::span<const int32_t> tokens) = 0;

  /// What a user waits for, on a sequence of its own: tokenises `prompt` as it is (no template),
  /// reads it, then samples exactly `n_gen` tokens with the default sampling and a fixed seed, end
  /// tokens ignored, and hands over each one's text as soon as it has it. Returns the number of
  /// prompt tokens.
  virtual int64_t stream(std::string_view prompt, int64_t n_gen, const OnToken& on_token) = 0;

  /// Tokens of a text with what the tokenizer itself adds, and text of tokens.
  virtual std::vector<int32_t> encode(std::string_view text) = 0;
  virtual std::string text_of(std::span<const int32_t> tokens) = 0;

  /// Bytes that one decode step reads when the sequence holds `depth` tokens: the weights it
  /// touches and the keys and values.
  virtual uint64_t bytes_per_token(int64_t depth) const = 0;

  /// The roofline of a device with memory of its own, measured now, and the bytes taken of that
  /// memory: see model::Backend. 0 on a processor, whose roofline the caller measures.
  virtual double read_bandwidth(uint64_t /*bytes*/) { return 0; }
  virtual double product_rate() { return 0; }
  virtual uint64_t device_bytes() const { return 0; }
};

using EngineFactory = std::function<std::unique_ptr<Engine>(const EngineRequest&)>;

/// The engine that really runs the model: defined in engine_model.cpp.
/// Error: kUsage for a backend or mode this program has not.
std::unique_ptr<Engine> make_engine(const EngineRequest& request);

}  // namespace nety::bench
