// The subjects by operation, and what their making shares. Private to this folder.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bench/kernels/matrices.h"
#include "bench/kernels/subject.h"
#include "core/kernels/packed.h"

namespace nety::bench {

using kernels::Cell;
using kernels::Isa;
using kernels::Op;

inline std::string wrong_by(double error) {
  return error <= 1 ? std::string() : fmt::format("off by {:.3g} times what is allowed", error);
}

inline double floats(int64_t count) { return 4 * static_cast<double>(count); }

inline double work(const Layer& layer, int64_t tokens) {
  return 2 * static_cast<double>(layer.rows) * static_cast<double>(layer.cols) *
         static_cast<double>(tokens);
}

/// Activations in every integer form.
struct Codes {
  Codes(const std::vector<float>& x, int64_t tokens, int64_t cols)
      : high(x.size() + 64),
        low(high),
        codes(high),
        scales(x.size() / 32 + 2 * x.size() / static_cast<size_t>(cols) + 2),
        sums(scales),
        super_scales(scales),
        code_sums(scales.size()),
        super_sums(scales.size()),
        group_sums(2 * scales.size()) {
    const int64_t blocks = (cols / 32 + 1) / 2 * 2;
    small = {high.data(), low.data(), scales.data(), sums.data(), code_sums.data(), blocks};
    super = {codes.data(), super_scales.data(), super_sums.data(), group_sums.data(), cols / 256};
    for (int64_t t = 0; t < tokens; ++t) {
      const float* row = x.data() + t * cols;
      if (cols % 256 == 0)
        kernels::kernel<Op::kQuantiseSuper>("q8_k", Isa::kScalar)(row, cols, super, t);
      kernels::kernel<Op::kQuantise>("q8", Isa::kScalar)(row, cols, small, t);
    }
  }
  /// Overwrites what a kernel has to write, so that one that writes nothing is found out.
  void forget() {
    for (std::vector<int8_t>* all : {&high, &low, &codes})
      std::fill(all->begin(), all->end(), int8_t{99});
    for (std::vector<float>* all : {&scales, &sums, &super_scales})
      std::fill(all->begin(), all->end(), -99.0F);
  }
  std::vector<int8_t> high, low, codes;
  std::vector<float> scales, sums, super_scales;
  std::vector<int32_t> code_sums;
  std::vector<int16_t> super_sums;
  std::vector<int32_t> group_sums;
  kernels::BlockActivations small{};
  kernels::SuperActivations super{};
};

/// A matrix in panels of sixteen packed rows.
struct Panels {
  Panels(const LayerMatrix& w, kernels::PackKernel pack) {
    const precision::MatrixView& view = w.view();
    const precision::Mode& mode = precision::mode(view.mode);
    blocks = view.cols / mode.functions->group;
    count = (view.rows + kernels::kPackRows - 1) / kernels::kPackRows;
    const size_t row_bytes = mode.functions->bytes(1, view.cols);
    const std::vector<std::byte> zeros(row_bytes);
    bytes = kernels::packed_panel_bytes(view.mode, view.cols);
    memory = AnonymousMemory(bytes * static_cast<size_t>(count));
    for (int64_t panel = 0; panel < count; ++panel) {
      const std::byte* rows[kernels::kPackRows];
      for (int64_t r = 0; r < kernels::kPackRows; ++r) {
        const int64_t at = panel * kernels::kPackRows + r;
        rows[r] = at < view.rows ? view.codes + static_cast<size_t>(at) * row_bytes : zeros.data();
      }
      pack(rows, blocks, memory.as<std::byte>() + static_cast<size_t>(panel) * bytes);
    }
  }
  int64_t blocks = 0, count = 0;
  size_t bytes = 0;  // of one panel
  AnonymousMemory memory;
};

Subject float_panel(const Cell& cell, const Layer& layer, int64_t tokens);
Subject bf16_panel(const Cell& cell, const Layer& layer, int64_t tokens);
Subject block_panel(const Cell& cell, const Layer& layer, int64_t tokens);
Subject integer_panel(const Cell& cell, const Layer& layer, int64_t tokens);
Subject packed(const Cell& cell, const Layer& layer, int64_t tokens, const precision::Mode& mode);
Subject stored_rows(const Cell& cell, const Layer& layer, int64_t tokens,
                    const precision::Mode& mode);
Subject attention(const Cell& cell, int64_t length);

Subject pack(const Cell& cell, const Layer& layer, const precision::Mode& mode);
/// `nibbles`: in the order of the 4-bit cells of stored rows.
Subject unpack(const Cell& cell, const Layer& layer, const precision::Mode& mode, bool nibbles);
Subject unpack_blocks(const Cell& cell, const Layer& layer, const precision::Mode& mode);
Subject silu(const Cell& cell, const Layer& layer);
Subject gelu(const Cell& cell, const Layer& layer);
Subject soft_cap(const Cell& cell, const Layer& layer);
Subject quantise_fine(const Cell& cell, const Layer& layer);
Subject quantise_super(const Cell& cell, const Layer& layer);
Subject quantise_row(const Cell& cell, const Layer& layer);

}  // namespace nety::bench
