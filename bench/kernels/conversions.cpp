// Weights and activations from one form into another.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>
#include <numeric>

#include "bench/kernels/operations.h"
#include "core/precision/activation.h"

namespace nety::bench {

Subject pack(const Cell& cell, const Layer& layer, const precision::Mode& mode) {
  auto data = std::make_shared<LayerMatrix>(layer, mode);
  const auto kernel = cell.kernel<Op::kPack>();
  Subject subject;
  // Nothing else says what a packed panel is: its products are checked, in the cells that take it.
  subject.run = [=] { Panels(*data, kernel); };
  subject.bytes = 2 * static_cast<double>(data->bytes());
  return subject;
}

/// Rows to floats, all of them, into one row's room.
Subject unpack(const Cell& cell, const Layer& layer, const precision::Mode& mode, bool nibbles) {
  auto data = std::make_shared<LayerMatrix>(layer, mode);
  const int64_t chunk = kernels::kNibbleChunk;
  auto out = std::make_shared<std::vector<float>>(static_cast<size_t>(layer.cols));
  const auto kernel = nibbles ? cell.kernel<Op::kUnpackNibbles>() : cell.kernel<Op::kUnpack>();
  Subject subject;
  subject.run = [=] {
    for (int64_t r = 0; r < layer.rows; ++r) kernel(data->view(), r, out->data());
  };
  for (int64_t r = 0; r < std::min<int64_t>(16, layer.rows); ++r) {
    kernel(data->view(), r, out->data());
    const std::vector<float> want = data->row(r);
    for (int64_t i = 0; i < layer.cols; ++i) {
      const int64_t column = nibbles ? i / chunk * chunk + kernels::nibble_column(i % chunk) : i;
      if (std::memcmp(&(*out)[static_cast<size_t>(i)], &want[static_cast<size_t>(column)],
                      sizeof(float)) != 0)
        subject.wrong = fmt::format("row {}, column {}: other bits than the mode's", r, column);
    }
  }
  subject.bytes = static_cast<double>(data->bytes()) + floats(layer.rows * layer.cols);
  return subject;
}

Subject unpack_blocks(const Cell& cell, const Layer& layer, const precision::Mode& mode) {
  struct Row {
    std::vector<int8_t> codes;
    std::vector<float> scales, mins;
  };
  auto data = std::make_shared<LayerMatrix>(layer, mode);
  const int64_t blocks = (layer.cols / 32 + 1) / 2 * 2;
  const auto room = [blocks] {
    return Row{std::vector<int8_t>(static_cast<size_t>(blocks * 32)),
               std::vector<float>(static_cast<size_t>(blocks)),
               std::vector<float>(static_cast<size_t>(blocks))};
  };
  auto out = std::make_shared<Row>(room());
  Row want = room();
  const size_t row_bytes = mode.functions->bytes(1, layer.cols);
  const auto call = [data, row_bytes, blocks, cols = layer.cols](kernels::UnpackBlocksKernel kernel,
                                                                 Row& into, int64_t r) {
    kernel(data->view().codes + static_cast<size_t>(r) * row_bytes, cols,
           {into.codes.data(), into.scales.data(), into.mins.data(), 1}, 0, blocks);
  };
  const auto kernel = cell.kernel<Op::kUnpackBlocks>();
  Subject subject;
  subject.run = [=] {
    for (int64_t r = 0; r < layer.rows; ++r) call(kernel, *out, r);
  };
  const auto reference = kernels::kernel<Op::kUnpackBlocks>(cell.format, Isa::kScalar);
  for (int64_t r = 0; r < std::min<int64_t>(16, layer.rows); ++r) {
    call(kernel, *out, r);
    call(reference, want, r);
    if (out->codes != want.codes || out->scales != want.scales || out->mins != want.mins)
      subject.wrong = fmt::format("row {}: other codes than the scalar cell's", r);
  }
  subject.bytes = static_cast<double>(data->bytes()) +
                  static_cast<double>(layer.rows * layer.cols) * (1 + 4.0 / 32);
  return subject;
}

namespace {

/// An activation of a layer's gate times its candidate, in place of neither.
template <Op op, class Exact>
Subject gated(const Cell& cell, const Layer& layer, Exact exact) {
  struct Data {
    std::vector<float> g, u, h;
  };
  const auto n = static_cast<size_t>(layer.rows);
  auto data = std::make_shared<Data>(Data{activations(n), activations(n), std::vector<float>(n)});
  const auto kernel = cell.kernel<op>();
  Subject subject;
  subject.run = [=] { kernel(data->g.data(), data->u.data(), data->h.data(), layer.rows); };
  subject.run();
  for (size_t i = 0; i < n; ++i) {
    const double want = exact(double{data->g[i]}) * data->u[i];
    if (!(std::fabs(data->h[i] - want) <= 1e-5 * (1 + std::fabs(want))))
      subject.wrong = fmt::format("value {}: {} for {}", i, data->h[i], want);
  }
  subject.bytes = floats(3 * layer.rows);
  return subject;
}

}  // namespace

Subject silu(const Cell& cell, const Layer& layer) {
  return gated<Op::kSilu>(cell, layer, [](double g) { return g / (1 + std::exp(-g)); });
}

Subject gelu(const Cell& cell, const Layer& layer) {
  return gated<Op::kGelu>(cell, layer, [](double g) {
    const double root = std::sqrt(2 / std::numbers::pi);
    return 0.5 * g * (1 + std::tanh(root * (g + 0.044715 * g * g * g)));
  });
}

Subject soft_cap(const Cell& cell, const Layer& layer) {
  constexpr float kCap = 30;
  const std::vector<float> x = activations(static_cast<size_t>(layer.rows));
  auto capped = std::make_shared<std::vector<float>>(x);
  const auto kernel = cell.kernel<Op::kSoftCap>();
  Subject subject;
  subject.run = [=] { kernel(capped->data(), layer.rows, kCap); };
  subject.run();
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = kCap * std::tanh(double{x[i]} / kCap);
    if (!(std::fabs((*capped)[i] - want) <= 1e-5 * (1 + std::fabs(want))))
      subject.wrong = fmt::format("value {}: {} for {}", i, (*capped)[i], want);
  }
  subject.bytes = floats(2 * layer.rows);
  return subject;
}

namespace {

/// The activations of a layer's input, one row, in the cell's form and in the scalar cell's.
template <Op op, class Call, class Same>
Subject quantise(const Cell& cell, const Layer& layer, Call call, Same same) {
  const auto kernel = cell.kernel<op>();
  const auto reference = kernels::kernel<op>(cell.format, Isa::kScalar);
  auto x = std::make_shared<std::vector<float>>(activations(static_cast<size_t>(layer.cols)));
  auto got = std::make_shared<Codes>(*x, 1, layer.cols);
  auto want = std::make_shared<Codes>(*x, 1, layer.cols);
  for (Codes* codes : {got.get(), want.get()}) codes->forget();
  Subject subject;
  subject.run = [=] { call(kernel, x->data(), *got); };
  subject.run();
  call(reference, x->data(), *want);
  if (!same(*got, *want)) subject.wrong = "other codes than the scalar cell's";
  subject.bytes = 6 * static_cast<double>(layer.cols);
  return subject;
}

}  // namespace

Subject quantise_fine(const Cell& cell, const Layer& layer) {
  return quantise<Op::kQuantise>(
      cell, layer,
      [cols = layer.cols](kernels::QuantiseKernel kernel, const float* x, Codes& out) {
        kernel(x, cols, out.small, 0);
      },
      [](const Codes& a, const Codes& b) {
        return a.high == b.high && a.low == b.low && a.scales == b.scales;
      });
}

Subject quantise_super(const Cell& cell, const Layer& layer) {
  return quantise<Op::kQuantiseSuper>(
      cell, layer,
      [cols = layer.cols](kernels::QuantiseSuperKernel kernel, const float* x, Codes& out) {
        kernel(x, cols, out.super, 0);
      },
      [](const Codes& a, const Codes& b) {
        return a.codes == b.codes && a.super_scales == b.super_scales;
      });
}

Subject quantise_row(const Cell& cell, const Layer& layer) {
  return quantise<Op::kQuantiseRow>(
      cell, layer,
      [cols = layer.cols](kernels::QuantiseRowKernel kernel, const float* x, Codes& out) {
        std::vector<int32_t>& outliers = out.code_sums;
        outliers.resize(static_cast<size_t>(cols));
        precision::Int8Row row{.codes = out.codes.data(), .outliers = outliers.data()};
        kernel(x, cols, row);
        out.scales[0] = row.scale;
      },
      [](const Codes& a, const Codes& b) {
        return a.codes == b.codes && a.scales[0] == b.scales[0];
      });
}

}  // namespace nety::bench
