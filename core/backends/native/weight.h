// A weight as the native backend keeps it.
#pragma once

#include "core/backends/native/arena.h"
#include "core/backends/native/product.h"
#include "core/base/thread_pool.h"
#include "core/model/backend.h"

namespace nety::native {

class Weight final : public model::Weight {
 public:
  uint64_t owned_bytes() const override { return owned_bytes_ + packed_bytes; }
  precision::ModeId mode() const override { return view_.mode; }
  const precision::MatrixView& view() const { return view_; }
  /// How products with it are computed. Not of a table.
  const Product& product() const { return *product_; }
  const float* floats() const { return reinterpret_cast<const float*>(view_.codes); }
  const std::byte* row(int64_t r) const {
    return view_.codes + static_cast<size_t>(r) * row_bytes_;
  }
  size_t row_bytes() const { return row_bytes_; }

  // What the product prepares: kernels for the weight's format, and another layout.
  kernels::UnpackKernel unpack = nullptr;
  kernels::UnpackBlocksKernel unpack_blocks = nullptr;
  kernels::StoredRowsKernel stored_rows = nullptr;
  kernels::PackedKernel packed = nullptr;
  bool in_place_floats = false;  ///< Rows are fp32 and aligned.
  bool rounds_rows = false;      ///< Rows are rounded to bf16 once unpacked (`--compute bf16`).
  std::byte* panels = nullptr;   ///< Packed rows (kernels/packed.h).
  uint64_t panel_bytes = 0;      ///< Of one panel of sixteen rows.
  uint64_t packed_bytes = 0;     ///< Of all of them.

 private:
  friend class WeightMaker;
  precision::MatrixView view_;
  precision::Matrix owned_;
  uint64_t owned_bytes_ = 0;
  size_t row_bytes_ = 0;
  const Product* product_ = nullptr;
};

inline const Weight& native(const model::Weight& weight) {
  return static_cast<const Weight&>(weight);
}
inline const Weight& native(const model::WeightPtr& weight) { return native(*weight); }
/// Of a norm or a bias; null where there is none.
inline const float* floats_or_null(const model::WeightPtr& weight) {
  return weight == nullptr ? nullptr : native(weight).floats();
}

/// The weight `source` in mode `mode`: in place where it already is, else converted by all threads,
/// or packed into `arena`, which outlives it. Error: kUsage for a mode that can only be read,
/// or columns that its groups do not divide.
std::unique_ptr<Weight> make_weight(const precision::MatrixView& source, precision::ModeId mode,
                                    kernels::Isa isa, ThreadPool& pool, Arena& arena,
                                    model::Compute compute = model::Compute::kMode);

/// A table whose rows are looked up where they are, never multiplied with.
std::unique_ptr<Weight> make_table(const precision::MatrixView& source);

}  // namespace nety::native
