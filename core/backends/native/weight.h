// A weight as the native backend keeps it.
#pragma once

#include <string>
#include <vector>

#include "core/backends/native/arena.h"
#include "core/base/thread_pool.h"
#include "core/kernels/kernels.h"
#include "core/kernels/packed.h"
#include "core/model/backend.h"

namespace nety::native {

/// How products with a weight are computed: decided once, from what its mode says of activations
/// and from the kernels there are.
enum class Path : uint8_t {
  kFloat,      ///< Rows as fp32 (unpacked if need be), fp32 activations.
  kRounded,    ///< Rows as fp32 (rounded to bf16 where codes give more), activations too.
  kHalf,       ///< bf16 rows and activations, products of bf16 pairs.
  kNibbles,    ///< 4-bit rows, fp32 activations, both in the order of kernels.h, nibble_column().
  kBlocks,     ///< Rows as int8 in blocks of 32, activations as 16-bit codes, integer products.
  kPacked,     ///< Sixteen rows side by side, activations as 16-bit codes, integer products.
  kPackedK,    ///< The same, activations as 8-bit codes in blocks of 256.
  kInteger,    ///< LLM.int8(): int8 rows, exact integer products, outliers in fp32.
  kReference,  ///< The mode's own scalar reference.
};

class Weight final : public model::Weight {
 public:
  uint64_t owned_bytes() const override { return owned_bytes_; }
  precision::ModeId mode() const override { return view_.mode; }
  const precision::MatrixView& view() const { return view_; }
  Path path() const { return path_; }
  bool in_place_floats() const { return in_place_floats_; }
  /// Rows are rounded to bf16 once unpacked (`--compute bf16`).
  bool rounds_rows() const { return rounds_rows_; }
  const float* floats() const { return reinterpret_cast<const float*>(view_.codes); }
  const int8_t* codes() const { return reinterpret_cast<const int8_t*>(view_.codes); }
  const std::byte* row(int64_t r) const {
    return view_.codes + static_cast<size_t>(r) * row_bytes_;
  }
  kernels::UnpackKernel unpack() const { return unpack_; }
  kernels::StoredRowsKernel stored_rows() const { return stored_rows_; }
  kernels::PackedKernel packed_kernel() const { return packed_kernel_; }
  /// Packed panel number `panel`, of `packed_blocks()` blocks.
  const std::byte* packed(int64_t panel) const {
    return packed_ + static_cast<size_t>(panel) * panel_bytes_;
  }
  int64_t packed_blocks() const { return packed_blocks_; }
  /// Rows that one worker takes whole.
  int64_t grain() const { return packed_kernel_ != nullptr ? kernels::kPackRows : 1; }
  kernels::UnpackBlocksKernel unpack_blocks() const { return unpack_blocks_; }

 private:
  friend class WeightMaker;
  precision::MatrixView view_;
  precision::Matrix owned_;
  uint64_t owned_bytes_ = 0;
  size_t row_bytes_ = 0;
  Path path_ = Path::kReference;
  bool in_place_floats_ = false, rounds_rows_ = false;
  kernels::UnpackKernel unpack_ = nullptr;
  kernels::UnpackBlocksKernel unpack_blocks_ = nullptr;
  kernels::StoredRowsKernel stored_rows_ = nullptr;
  kernels::PackedKernel packed_kernel_ = nullptr;
  std::byte* packed_ = nullptr;
  size_t panel_bytes_ = 0;
  int64_t packed_blocks_ = 0;
};

/// A mode's name as cells.def has it: "nf4_dq".
std::string format_of(const precision::Mode& mode);

/// How products in `mode` are computed with kernels up to `isa`, where the shape allows.
Path path_of(precision::ModeId mode, kernels::Isa isa,
             model::Compute compute = model::Compute::kMode);
/// The same for one weight: 4-bit rows that blocks cross unevenly take kFloat instead of kNibbles.
Path path_of(const precision::MatrixView& weight, kernels::Isa isa,
             model::Compute compute = model::Compute::kMode);

/// The weight `source` in mode `mode`: in place where it already is, else converted by all threads,
/// or packed into `arena`, which outlives it. Error: kUsage for a mode that can only be read,
/// or columns that its groups do not divide.
std::unique_ptr<Weight> make_weight(const precision::MatrixView& source, precision::ModeId mode,
                                    kernels::Isa isa, ThreadPool& pool, Arena& arena,
                                    model::Compute compute = model::Compute::kMode);

/// A table whose rows are looked up where they are, never multiplied with.
std::unique_ptr<Weight> make_table(const precision::MatrixView& source);

}  // namespace nety::native
