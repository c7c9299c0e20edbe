// Weights in place or converted.
#include "core/backends/native/weight.h"

#include <algorithm>

#include "core/base/pages.h"
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
  std::string format = kernels::format_of(target);
  if (format.ends_with("_dq")) format.resize(format.size() - 3);
  const auto cell = kernels::kernel<Op::kQuantiseWeights>(format, isa);
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
    if (source.mode == mode) {
      weight->view_ = source;
    } else {
      weight->owned_ = convert(source, mode, isa, pool);
      weight->view_ = weight->owned_.view;
      weight->owned_bytes_ = bytes_of(weight->owned_);
      settle(*weight, pool, arena);
    }
    weight->row_bytes_ = precision::mode(mode).functions->bytes(1, weight->view_.cols);
    weight->product_ = &product_of(weight->view_, isa, compute);
    weight->product_->prepare(*weight, {isa, pool, arena});
    return weight;
  }

 private:
  // Into huge pages, where codes are read a fifth faster (docs/performance.md): small ones side by
  // side in the arena; large ones where they are, so that no second copy is ever there.
  static void settle(Weight& weight, ThreadPool& pool, Arena& arena) {
    std::vector<std::byte>& codes = weight.owned_.codes;
    if (codes.size() >= kLargeCodes) return gather_pages(codes);
    std::byte* const to = arena.take(codes.size());
    const auto bytes = static_cast<int64_t>(codes.size());
    const int64_t pieces = pool.pieces_of((bytes + kCopyGrain - 1) / kCopyGrain);
    pool.run_pieces(pieces, [&](int64_t piece, int /*worker*/) {
      const Share share = share_of(bytes, piece, pieces, kCopyGrain);
      std::copy(codes.begin() + share.begin, codes.begin() + share.end, to + share.begin);
    });
    weight.view_.codes = weight.owned_.view.codes = to;
    std::vector<std::byte>().swap(codes);
  }
};

std::unique_ptr<Weight> make_weight(const MatrixView& source, precision::ModeId mode,
                                    kernels::Isa isa, ThreadPool& pool, Arena& arena,
                                    model::Compute compute) {
  return WeightMaker::make(source, mode, isa, pool, arena, compute);
}

std::unique_ptr<Weight> make_table(const MatrixView& source) { return WeightMaker::table(source); }

}  // namespace nety::native
