// A checkpoint made ready for a backend: every weight prepared in its mode.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/tensors.h"
#include "core/model/backend.h"

namespace nety::model {

/// How to load.
struct LoadOptions {
  /// The mode to bring matrices into; empty: as stored.
  std::optional<precision::ModeId> mode;
  /// The mode of embeddings and lm_head; empty: the one that `mode` names, or as stored.
  std::optional<precision::ModeId> head;
};

/// A model ready to run. Its checkpoint and backend must outlive it.
struct Model {
  checkpoint::ModelConfig config;
  WeightPtr embedding;               // [V, D]
  std::vector<LayerWeights> layers;  // [L]
  WeightPtr norm;                    // [D]
  WeightPtr norm_bias;               // [D]; null if there is none
  WeightPtr output;                  // [V, D]; null if tied to the embedding

  /// Makes the places of all weights that `config` has.
  void lay_out();
  /// The weight of a tensor of the architecture; null until it is loaded.
  WeightPtr& weight(const checkpoint::TensorInfo& info);
  const WeightPtr& weight(const checkpoint::TensorInfo& info) const;
  const Weight& head() const { return output == nullptr ? *embedding : *output; }
  /// Bytes held beyond the mapped files.
  uint64_t owned_bytes() const;
};

/// Where weights come from: a checkpoint's files, or weights made up for a shape.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  virtual bool has(const std::string& name) const = 0;
  /// The weight [rows, cols] as it is stored; a source that makes its weights makes this one in
  /// `mode`. Valid until release(), or as long as the source lives.
  virtual precision::MatrixView weight(const std::string& name,
                                       std::optional<precision::ModeId> mode) = 0;
  /// The backend has its own copy; the source's memory is not read again.
  virtual void release(const std::string& /*name*/) {}
};

/// Prepares every tensor that the architecture uses, reporting progress by tensors.
/// Errors: kCheckpoint for a missing or unusable tensor, kMemory, kUsage for a mode that the
/// backend has not.
Model load_model(const checkpoint::ModelConfig& config, WeightSource& source, Backend& backend,
                 const LoadOptions& options, Progress& progress);
Model load_model(const checkpoint::Checkpoint& checkpoint, Backend& backend,
                 const LoadOptions& options, Progress& progress);

}  // namespace nety::model
