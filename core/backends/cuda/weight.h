// A weight on the device.
#pragma once

#include <memory>

#include "core/backends/cuda/device.h"
#include "core/base/thread_pool.h"
#include "core/model/backend.h"

namespace nety::cuda {

/// [rows, cols]. Norms and biases are fp32 matrices of one row.
class CudaWeight final : public model::Weight {
 public:
  CudaWeight(precision::ModeId mode, const Matrix& matrix, std::vector<Buffer> storage)
      : mode_(mode), matrix_(matrix), storage_(std::move(storage)) {}

  /// Bytes on the device; nothing stays on the host.
  uint64_t owned_bytes() const override;
  precision::ModeId mode() const override { return mode_; }

  const Matrix& matrix() const { return matrix_; }
  /// Norms and biases: [rows * cols]
  const float* floats() const { return static_cast<const float*>(matrix_.codes); }

 private:
  precision::ModeId mode_;
  Matrix matrix_;
  std::vector<Buffer> storage_;
};

/// The backend is only ever given weights that it made itself.
inline const CudaWeight& cast(const model::Weight& weight) {
  return static_cast<const CudaWeight&>(weight);
}
/// Of a norm or a bias; null where there is none.
inline const float* floats_or_null(const model::WeightPtr& weight) {
  return weight == nullptr ? nullptr : cast(*weight).floats();
}
/// A product's rows, to y.
inline Segment segment_of(const model::WeightPtr& weight, const model::WeightPtr& bias, float* y) {
  return {cast(*weight).matrix(), floats_or_null(bias), y};
}

/// The format of `stored` on the device. GGUF formats are dequantised to fp16 at upload. So are, to
/// fp32 (bf16 with --compute bf16), 4-bit matrices that do not consist of whole groups of 32
/// weights; real models have none.
Format format_on_device(const precision::MatrixView& stored, model::Compute compute);

/// Brings `source` into `mode` with all threads of `pool`, and onto the device. Errors: kUsage for
/// a mode that only files make, kMemory with the numbers.
std::unique_ptr<CudaWeight> upload_weight(Device& device, const precision::MatrixView& source,
                                          precision::ModeId mode, model::Compute compute,
                                          ThreadPool& pool);

}  // namespace nety::cuda
