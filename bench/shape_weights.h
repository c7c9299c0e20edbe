// Weights for a shape: seeded, random, made at once in the storage of a mode, so that a model can
// be measured that nobody downloaded and whose fp32 form would not fit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/anonymous_memory.h"
#include "core/base/thread_pool.h"
#include "core/checkpoint/tensors.h"
#include "core/model/model.h"

namespace nety::bench {

/// Columns of the residual stream whose values are far from the others in every layer, so that
/// LLM.int8() has outliers to keep apart, as it has in trained models. As many as Dettmers et al.
/// (2022, section 4) found in those of 6.7 billion parameters and more. They reach the inputs of
/// q, k, v, gate and up; those of o and down are as random weights make them.
inline constexpr int64_t kOutlierColumns = 6;
/// Their value in an embedding whose other values have variance 1: past the 6.0 of LLM.int8() after
/// the norm, for every width from 64 on.
inline constexpr float kOutlierValue = 24;
/// Distinct rows of a matrix with that many columns: random, quantised by the mode itself, then
/// repeated in random order. Few, because 7 billion random weights take a minute to quantise.
constexpr int64_t distinct_rows_of(int64_t cols) { return cols < 2048 ? 256 : 64; }

/// The outlier columns of a model of that width, ascending; the same for every layer and seed.
std::vector<int64_t> outlier_columns(int64_t dim);

/// Makes weights on demand, on all threads. The same seed gives the same weights in every mode, up
/// to the mode's rounding. Everything lives as long as this, unless released.
class ShapeWeights final : public model::WeightSource {
 public:
  ShapeWeights(const checkpoint::ModelConfig& config, uint64_t seed, int threads);

  /// The mode, if weights can be made in it. Error: kUsage without one, or for one that is only
  /// read from files.
  static const precision::Mode& makeable(std::optional<precision::ModeId> mode);

  bool has(const std::string& name) const override { return tensors_.count(name) != 0; }
  /// Errors: kUsage as makeable() says, or for a mode whose groups do not divide the row.
  precision::MatrixView weight(const std::string& name,
                               std::optional<precision::ModeId> mode) override;
  void release(const std::string& name) override { made_.erase(name); }

 private:
  /// One matrix's arrays.
  struct Arrays {
    AnonymousMemory codes, scales, nested_codes;
  };
  precision::Matrix distinct_rows(const checkpoint::TensorInfo& info, precision::ModeId mode);
  void fill(const checkpoint::TensorInfo& info, int64_t first, int64_t last, float* out) const;

  checkpoint::ModelConfig config_;
  uint64_t seed_;
  std::map<std::string, checkpoint::TensorInfo> tensors_;
  std::map<std::string, Arrays> made_;
  std::vector<int64_t> outliers_;
  ThreadPool pool_;
};

}  // namespace nety::bench
