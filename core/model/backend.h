// The interface that forward.cpp runs on: eight fused operations over a step's activations, which
// stay in the backend's workspace. A backend has no process-wide state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/progress.h"
#include "core/checkpoint/config.h"
#include "core/checkpoint/slot.h"
#include "core/model/local_shape.h"
#include "core/options/words.h"
#include "core/precision/mode.h"

namespace nety::model {

using checkpoint::LayerSpec;
using checkpoint::Slot;

/// One step's input: T tokens, each at a position of a sequence, and the rows whose logits are
/// wanted (ascending). Positions of one sequence are consecutive and continue what its cache holds.
struct Batch {
  std::span<const int32_t> tokens;      // [T]
  std::span<const int32_t> positions;   // [T]
  std::span<const int32_t> sequences;   // [T]
  std::span<const int32_t> logit_rows;  // [R], indices into tokens
};

/// Arithmetic of the products with float weights (`--compute`).
enum class Compute : uint8_t { kMode, kBf16 };

/// Type of the cached keys and values (`--kv`).
using KvType = options::KvType;

/// A weight as the backend keeps it: mapped in place, packed, on a device. Opaque to the caller.
class Weight {
 public:
  virtual ~Weight() = default;
  /// Bytes this weight takes beyond the mapped file (0 if used in place).
  virtual uint64_t owned_bytes() const = 0;
  virtual precision::ModeId mode() const = 0;
};
using WeightPtr = std::unique_ptr<Weight>;

/// What a weight is prepared for.
enum class WeightUse : uint8_t {
  kMatrix,  ///< Multiplied with; also norms and biases.
  kTable,   ///< Embeddings that are not the head, too: rows are read, never multiplied with.
  kTied,    ///< Embeddings that are the head as well: rows are read and multiplied with.
};

/// The keys and values of `sequences` sequences of at most `context` tokens each.
class KvCache {
 public:
  virtual ~KvCache() = default;
  virtual uint64_t bytes() const = 0;
  /// Forgets everything from `position` on in `sequence` (0: all of it).
  virtual void truncate(int32_t sequence, int32_t position) = 0;
};

/// Most that a step may be, and what its sequences may hold.
struct StepLimits {
  int64_t context = 0;     ///< Positions of a sequence.
  int64_t tokens = 0;      ///< Tokens of a step.
  int64_t logit_rows = 0;  ///< Rows of a step with logits.
};

/// The buffers that steps work in. Steps of one workspace are made one after another; each takes
/// the workspace as the one before left it.
class Workspace {
 public:
  virtual ~Workspace() = default;
};

struct CacheShape {
  int64_t layers, kv_heads, head_dim, context, sequences;
  KvType type = KvType::kFp32;
};

/// The weights of one expert of a mixture; the biases are null where there are none.
struct ExpertWeights {
  WeightPtr gate, gate_bias, up, up_bias, down, down_bias;

  /// That of w_gate, b_gate, w_up, b_up, w_down or b_down.
  WeightPtr& operator[](Slot slot);
  const WeightPtr& operator[](Slot slot) const;
};

/// The weights of one layer by slot, null where the model has none. Norms and biases are fp32
/// vectors whatever the mode.
class LayerWeights {
 public:
  const WeightPtr& operator[](Slot slot) const { return weights_.at(static_cast<size_t>(slot)); }
  WeightPtr& operator[](Slot slot) { return weights_.at(static_cast<size_t>(slot)); }
  auto begin() const { return weights_.begin(); }
  auto end() const { return weights_.end(); }

  std::vector<ExpertWeights> experts;  ///< [E]; empty in a dense layer

 private:
  std::array<WeightPtr, checkpoint::kLayerSlots> weights_;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;    ///< "native", "torch", "torch-fast", "cuda"
  virtual std::string_view device() const = 0;  ///< "cpu", "cuda:0"
  /// The kernel path that products in `mode` take, for reports: "avx512", "mkl sgemm".
  virtual std::string kernel(precision::ModeId mode) const = 0;
  virtual int threads() const = 0;
  /// Whether a token's results have the same bits alone and among others of a step: only then does
  /// checking guesses together change nothing (speculation.h).
  virtual bool same_bits_for_many() const { return false; }

  /// The device's roofline, measured now by its own clock: bytes per second when `bytes` of its
  /// memory are read repeatedly, and operations per second of its library's matrix products in the
  /// type that `mode` multiplies prompts in. 0: not measured here (a CPU's is in core/measure).
  virtual double read_bandwidth(uint64_t /*bytes*/) { return 0; }
  virtual double product_rate(precision::ModeId /*mode*/) { return 0; }
  /// Bytes allocated in the device's own memory; 0 if it has none.
  virtual uint64_t device_bytes() const { return 0; }

  /// Prepares the weight `source` (a view into the mapped file, which outlives the backend) for
  /// `use` in mode `mode`: in place where it is stored so already, else converted in parallel.
  /// [rows, cols]. Error: kUsage if this backend has no such mode.
  virtual WeightPtr prepare(const precision::MatrixView& source, precision::ModeId mode,
                            WeightUse use) = 0;
  virtual std::unique_ptr<KvCache> make_cache(const CacheShape& shape) = 0;
  /// Makes the first `length` positions of sequence `to` those of `from`, another sequence of the
  /// same cache, bit for bit; what `to` held is forgotten. Between steps.
  virtual void copy_sequence(KvCache& cache, int32_t from, int32_t to, int32_t length) = 0;
  /// What a layer's first `length` positions of a sequence take as a file keeps them; 0: this
  /// backend cannot give them away. A file of another version of NETY may hold them, so a backend
  /// that arranges them anew raises kSessionVersion (app/talk/session_file.h).
  virtual uint64_t exported_bytes(const KvCache& /*cache*/, int32_t /*length*/) const { return 0; }
  /// A layer's keys and values, bit for bit, to and from exported_bytes(length) bytes. Importing
  /// replaces what the sequence held. Between steps; only where exported_bytes() is not 0.
  virtual void export_layer(const KvCache& /*cache*/, int64_t /*layer*/, int32_t /*sequence*/,
                            int32_t /*length*/, std::span<std::byte> /*to*/) const {}
  virtual void import_layer(KvCache& /*cache*/, int64_t /*layer*/, int32_t /*sequence*/,
                            int32_t /*length*/, std::span<const std::byte> /*from*/) {}

  /// The buffers for steps of at most `limits` over weights that are prepared already. `config` is
  /// the whole model's; `shape` is what is computed of it here. Errors: kMemory, and kUsage for a
  /// share of a model where this backend only computes all of it.
  virtual std::unique_ptr<Workspace> make_workspace(const checkpoint::ModelConfig& config,
                                                    const LocalShape& shape,
                                                    const StepLimits& limits) = 0;

  /// A step's operations, in forward()'s order, between begin and end. The activations x [T, D]
  /// (residual stream), q [T, Hq*dh], a [T, Hq*dh] and h [T, F] live in the workspace. What is the
  /// same in all layers (the norms' kind and epsilon, scales of embeddings and logits) is in its
  /// configuration.
  virtual void begin_step(const Batch& batch, Workspace& workspace, KvCache& cache) = 0;
  virtual void embed(const Weight& table) = 0;  // x = E[tokens]
  /// q; k and v into the cache.
  virtual void qkv(const LayerWeights& layer, const LayerSpec& spec, int64_t index) = 0;
  /// a = softmax(s q k') v; of the layer's weights only the sinks, where it has them.
  virtual void attention(const LayerWeights& layer, const LayerSpec& spec, int64_t index) = 0;
  /// x += r Wo a
  virtual void attention_output(const LayerWeights& layer, const LayerSpec& spec) = 0;
  /// h = f(Wg n) * (Wu n)
  virtual void gate_up(const LayerWeights& layer, const LayerSpec& spec) = 0;
  /// x += r Wd h
  virtual void down(const LayerWeights& layer, const LayerSpec& spec) = 0;
  /// x += r (sum over the token's experts, ascending, of p Wd h): a mixture, in place of gate_up()
  /// and down(). The choice is that of routing.h. Only weights of chosen experts are read.
  virtual void experts(const LayerWeights& layer, const LayerSpec& spec) = 0;
  /// logits[r * width + v] for the r-th of the batch's logit rows: all V, or this backend's share
  /// of them, of rows that are `width` apart.
  /// `norm_bias` is null where the last norm has none.
  virtual void head(const Weight& norm, const Weight* norm_bias, const Weight& output,
                    std::span<float> logits, int64_t width) = 0;
  virtual void end_step() = 0;

  /// An activation of the step that has begun, for those who gather shares of it: x after embed(),
  /// attention_output() and down(), a after attention(), h after gate_up(). Nothing where the
  /// backend computes whole models only.
  virtual ActivationRows activation(Activation /*which*/) { return {}; }
};

/// Options that every backend understands.
struct BackendOptions {
  int threads = 1;
  std::string isa;     ///< Force a CPU kernel family ("scalar", "avx2", "avx512"); empty: best.
  std::string device;  ///< "cpu", "cuda:0"
  Compute compute = Compute::kMode;
};

}  // namespace nety::model
