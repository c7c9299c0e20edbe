// Weights in place or converted.
#include "core/backends/native/weight.h"

#include <algorithm>
#include <bit>

#include "core/base/pages.h"
#include "core/precision/activation.h"
#include "core/precision/compute.h"
#include "core/precision/conversion.h"

namespace nety::native {
namespace {

using kernels::Op;
using precision::MatrixView;

constexpr int64_t kCopyGrain = 4096;             // bytes
constexpr size_t kLargeCodes = size_t{8} << 20;  // bytes

// `source` in mode `target`, by a quantising cell where there is one.
precision::Matrix convert(const MatrixView& source, precision::ModeId target, kernels::Isa isa,
                          ThreadPool& pool) {
  std::string format = format_of(precision::mode(target));
  if (format.ends_with("_dq")) format.resize(format.size() - 3);
  const auto cell = kernels::kernel<kernels::QuantiseRowsKernel>(Op::kQuantiseRows, format, isa);
  if (cell == nullptr) return precision::convert(source, target, pool);
  const int64_t cols = source.cols;
  return precision::convert(
      source, target, pool,
      [cell, cols](const float* w, int64_t first, int64_t last, precision::Matrix& to) {
        const int64_t at = first * cols;
        const int32_t block = to.view.block;  // of 4 bits
        return cell(w, last - first, cols, to.codes.data() + (block > 0 ? at / 2 : at),
                    to.scales.data() + (block > 0 ? at / block : first));
      });
}

uint64_t bytes_of(const precision::Matrix& matrix) {
  return matrix.codes.size() + matrix.scales.size() * sizeof(float) + matrix.nested_codes.size();
}

}  // namespace

class WeightMaker {
 public:
  static std::unique_ptr<Weight> table(const MatrixView& source) {
    auto weight = std::make_unique<Weight>();
    weight->view_ = source;
    return weight;
  }
  static std::unique_ptr<Weight> make(const MatrixView& source, precision::ModeId mode,
                                      kernels::Isa isa, ThreadPool& pool, Arena& arena,
                                      model::Compute compute) {
    auto weight = std::make_unique<Weight>();
    const precision::Mode& row = precision::mode(mode);
    if (source.mode == mode) {
      weight->view_ = source;
    } else {
      weight->owned_ = convert(source, mode, isa, pool);
      weight->view_ = weight->owned_.view;
      weight->owned_bytes_ = bytes_of(weight->owned_);
      settle(*weight, pool, arena);
    }
    choose_path(*weight, row, isa, compute);
    if (weight->path_ == Path::kPacked || weight->path_ == Path::kPackedK)
      pack(*weight, row, isa, pool, arena);
    return weight;
  }

 private:
  // Into huge pages, where codes are read a fifth faster (docs/performance.md): small ones side by
  // side in the arena; large ones where they are, so that no second copy is ever there.
  static void settle(Weight& weight, ThreadPool& pool, Arena& arena) {
    std::vector<std::byte>& codes = weight.owned_.codes;
    if (codes.size() >= kLargeCodes) return gather_pages(codes);
    std::byte* const to = arena.take(codes.size());
    pool.run([&](int worker, int workers) {
      const Share share = share_of(static_cast<int64_t>(codes.size()), worker, workers, kCopyGrain);
      std::copy(codes.begin() + share.begin, codes.begin() + share.end, to + share.begin);
    });
    weight.view_.codes = weight.owned_.view.codes = to;
    std::vector<std::byte>().swap(codes);
  }
  // Panels of sixteen rows from the rows as the file has them, by all threads.
  static void pack(Weight& weight, const precision::Mode& row, kernels::Isa isa, ThreadPool& pool,
                   Arena& arena) {
    const std::string format = format_of(row);
    weight.packed_kernel_ = kernels::kernel<kernels::PackedKernel>(Op::kPacked, format, isa);
    const auto pack_panel = kernels::kernel<kernels::PackKernel>(Op::kPack, format, isa);
    const MatrixView& view = weight.view_;
    weight.packed_blocks_ = view.cols / row.functions->group;
    weight.panel_bytes_ =
        kernels::packed_block_bytes(row.id) * static_cast<size_t>(weight.packed_blocks_);
    const int64_t panels = (view.rows + kernels::kPackRows - 1) / kernels::kPackRows;
    const size_t bytes = static_cast<size_t>(panels) * weight.panel_bytes_;
    weight.packed_ = arena.take(bytes);
    weight.owned_bytes_ += bytes;
    const std::vector<std::byte> zeros(weight.row_bytes_);
    pool.run([&](int worker, int workers) {
      const Share share = share_of(panels, worker, workers);
      for (int64_t panel = share.begin; panel < share.end; ++panel) {
        const std::byte* rows[kernels::kPackRows];
        for (int64_t r = 0; r < kernels::kPackRows; ++r) {
          const int64_t at = panel * kernels::kPackRows + r;
          rows[r] = at < view.rows ? weight.row(at) : zeros.data();
        }
        pack_panel(rows, weight.packed_blocks_,
                   weight.packed_ + static_cast<size_t>(panel) * weight.panel_bytes_);
      }
    });
  }

  static void choose_path(Weight& weight, const precision::Mode& row, kernels::Isa isa,
                          model::Compute compute) {
    weight.path_ = path_of(weight.view_, isa, compute);
    weight.rounds_rows_ = weight.path_ == Path::kRounded && precision::takes_compute(row);
    weight.row_bytes_ = static_cast<size_t>(row.functions->bytes(1, weight.view_.cols));
    const std::string format = format_of(row);
    const Op unpack = weight.path_ == Path::kNibbles ? Op::kUnpackNibbles : Op::kUnpack;
    weight.unpack_ = kernels::kernel<kernels::UnpackKernel>(unpack, format, isa);
    if (weight.unpack_ == nullptr) weight.unpack_ = row.functions->dequantise;
    weight.unpack_blocks_ =
        kernels::kernel<kernels::UnpackBlocksKernel>(Op::kUnpackBlocks, format, isa);
    if (precision::mode(row.id).kind != precision::ModeKind::kQuantised ||
        weight.path_ == Path::kNibbles)
      weight.stored_rows_ =
          kernels::kernel<kernels::StoredRowsKernel>(Op::kStoredRows, format, isa);
    const bool aligned = reinterpret_cast<uintptr_t>(weight.view_.codes) % alignof(float) == 0;
    weight.in_place_floats_ = row.id == precision::ModeId::fp32 && aligned;
  }
};

std::string format_of(const precision::Mode& mode) {
  std::string format(mode.name);
  std::replace(format.begin(), format.end(), '-', '_');
  return format;
}

Path path_of(precision::ModeId mode, kernels::Isa isa, model::Compute compute) {
  const precision::Mode& row = precision::mode(mode);
  if (compute == model::Compute::kBf16 && precision::takes_compute(row)) return Path::kRounded;
  const std::string format = format_of(row);
  if (kernels::find_cell(Op::kPacked, format, isa) != nullptr)
    return row.functions->group == precision::kSuperBlock ? Path::kPackedK : Path::kPacked;
  if (kernels::find_cell(Op::kHalfPanel, format, isa) != nullptr) return Path::kHalf;
  if (kernels::find_cell(Op::kUnpackNibbles, format, isa) != nullptr) return Path::kNibbles;
  if (kernels::find_cell(Op::kUnpackBlocks, format, isa) != nullptr) return Path::kBlocks;
  if (kernels::find_cell(Op::kIntegerPanel, format, isa) != nullptr) return Path::kInteger;
  if (row.activation == "fp32") return Path::kFloat;
  if (row.activation == "bf16") return Path::kRounded;
  return Path::kReference;
}

Path path_of(const MatrixView& weight, kernels::Isa isa, model::Compute compute) {
  const Path path = path_of(weight.mode, isa, compute);
  const bool even = weight.cols % kernels::kNibbleGroup == 0 && weight.block > 0 &&
                    weight.block % kernels::kNibbleGroup == 0 &&
                    std::has_single_bit(static_cast<uint32_t>(weight.block));
  return path == Path::kNibbles && !even ? Path::kFloat : path;
}

std::unique_ptr<Weight> make_weight(const MatrixView& source, precision::ModeId mode,
                                    kernels::Isa isa, ThreadPool& pool, Arena& arena,
                                    model::Compute compute) {
  return WeightMaker::make(source, mode, isa, pool, arena, compute);
}

std::unique_ptr<Weight> make_table(const MatrixView& source) { return WeightMaker::table(source); }

}  // namespace nety::native
