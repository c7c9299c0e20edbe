// Each operation's data, call and comparison. The data outlives the call: it is in the closure.
#include "bench/kernels/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "bench/kernels/matrices.h"
#include "core/base/half.h"
#include "core/kernels/packed.h"

namespace nety::bench {
namespace {

using kernels::Cell;
using kernels::Isa;
using kernels::Op;

constexpr int64_t kPanelRows = 32;      // as the native backend takes them
constexpr double kFineRounding = 1e-4;  // 16-bit activations
constexpr double kByteRounding = 1e-2;  // 8-bit activations per 256
constexpr double kHalfRounding = 4e-3;  // bf16 activations

template <class Kernel>
Kernel function_of(const Cell& cell) {
  return reinterpret_cast<Kernel>(cell.function);
}

std::string wrong_by(double error) {
  return error <= 1 ? std::string() : fmt::format("off by {:.3g} times what is allowed", error);
}

double floats(int64_t count) { return 4 * static_cast<double>(count); }

double work(const Layer& layer, int64_t tokens) {
  return 2 * static_cast<double>(layer.rows) * static_cast<double>(layer.cols) *
         static_cast<double>(tokens);
}

/// What every product needs.
struct Product {
  Product(const Layer& layer, const precision::Mode& mode, int64_t tokens, int64_t width)
      : w(layer, mode),
        x(activations(static_cast<size_t>(tokens * width))),
        y(static_cast<size_t>(tokens * (layer.rows + kernels::kPackRows))) {}
  LayerMatrix w;
  std::vector<float> x, y;
};

Subject float_panel(const Cell& cell, const Layer& layer, int64_t tokens) {
  auto data = std::make_shared<Product>(layer, *precision::find_mode("fp32"), tokens, layer.cols);
  const auto kernel = function_of<kernels::FloatPanelKernel>(cell);
  Subject subject;
  subject.run = [=] {
    const auto* w = reinterpret_cast<const float*>(data->w.view().codes);
    for (int64_t r = 0; r < layer.rows; r += kPanelRows)
      kernel({w + r * layer.cols, layer.cols, std::min(kPanelRows, layer.rows - r), data->x.data(),
              layer.cols, tokens, layer.cols, data->y.data() + r, layer.rows});
  };
  subject.run();
  subject.wrong = wrong_by(
      product_error(data->w, data->x.data(), layer.cols, tokens, data->y.data(), layer.rows, 0));
  subject.bytes = floats(layer.rows * layer.cols + tokens * (layer.cols + layer.rows));
  subject.flops = work(layer, tokens);
  return subject;
}

Subject half_panel(const Cell& cell, const Layer& layer, int64_t tokens) {
  auto data = std::make_shared<Product>(layer, *precision::find_mode("bf16"), tokens, layer.cols);
  auto halves = std::make_shared<std::vector<uint16_t>>(data->x.size());
  std::transform(data->x.begin(), data->x.end(), halves->begin(), bf16_from_float);
  const auto kernel = function_of<kernels::HalfPanelKernel>(cell);
  Subject subject;
  subject.run = [=] {
    const auto* w = reinterpret_cast<const uint16_t*>(data->w.view().codes);
    for (int64_t r = 0; r < layer.rows; r += kPanelRows)
      kernel({w + r * layer.cols, layer.cols, std::min(kPanelRows, layer.rows - r), halves->data(),
              layer.cols, tokens, layer.cols, data->y.data() + r, layer.rows});
  };
  subject.run();
  subject.wrong = wrong_by(product_error(data->w, data->x.data(), layer.cols, tokens,
                                         data->y.data(), layer.rows, kHalfRounding));
  subject.bytes =
      floats(layer.rows * layer.cols + tokens * layer.cols) / 2 + floats(tokens * layer.rows);
  subject.flops = work(layer, tokens);
  return subject;
}

Subject integer_panel(const Cell& cell, const Layer& layer, int64_t tokens) {
  struct Data {
    LayerMatrix w;
    std::vector<int8_t> x;
    std::vector<int32_t> y;
  };
  auto data =
      std::make_shared<Data>(Data{LayerMatrix(layer, *precision::find_mode("int8")), {}, {}});
  for (const float value : activations(static_cast<size_t>(tokens * layer.cols)))
    data->x.push_back(static_cast<int8_t>(std::clamp(value * 40, -127.0F, 127.0F)));
  data->y.resize(static_cast<size_t>(tokens * layer.rows));
  const auto kernel = function_of<kernels::IntegerPanelKernel>(cell);
  Subject subject;
  subject.run = [=] {
    const auto* w = reinterpret_cast<const int8_t*>(data->w.view().codes);
    for (int64_t r = 0; r < layer.rows; r += kPanelRows)
      kernel({w + r * layer.cols, std::min(kPanelRows, layer.rows - r), data->x.data(), layer.cols,
              tokens, layer.cols, data->y.data() + r, layer.rows});
  };
  subject.run();
  const auto* w = reinterpret_cast<const int8_t*>(data->w.view().codes);
  for (int64_t r = 0; r < std::min<int64_t>(16, layer.rows); ++r)
    for (int64_t t = 0; t < tokens; ++t) {
      const int8_t* x = data->x.data() + t * layer.cols;
      const int64_t sum = std::inner_product(x, x + layer.cols, w + r * layer.cols, int64_t{0});
      if (sum != data->y[static_cast<size_t>(t * layer.rows + r)])
        subject.wrong = fmt::format("row {}, token {}: not the exact sum", r, t);
    }
  subject.bytes = static_cast<double>(layer.rows * layer.cols + tokens * layer.cols) +
                  floats(tokens * layer.rows);
  subject.flops = work(layer, tokens);
  return subject;
}

Subject stored_rows(const Cell& cell, const Layer& layer, int64_t tokens,
                    const precision::Mode& mode) {
  // 4-bit cells take activations in the order of their nibbles.
  const bool nibbles = kernels::find_cell(Op::kUnpackNibbles, cell.format, cell.isa) != nullptr;
  const int64_t chunk = kernels::kNibbleChunk;
  const int64_t width = nibbles ? (layer.cols + chunk - 1) / chunk * chunk : layer.cols;
  auto data = std::make_shared<Product>(layer, mode, tokens, layer.cols);
  auto x = std::make_shared<std::vector<float>>(static_cast<size_t>(tokens * width));
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t i = 0; i < width; ++i) {
      const int64_t column = nibbles ? i / chunk * chunk + kernels::nibble_column(i % chunk) : i;
      if (column < layer.cols)
        (*x)[static_cast<size_t>(t * width + i)] =
            data->x[static_cast<size_t>(t * layer.cols + column)];
    }
  const auto kernel = function_of<kernels::StoredRowsKernel>(cell);
  Subject subject;
  subject.run = [=] {
    kernel({&data->w.view(), 0, layer.rows, x->data(), width, tokens, data->y.data(), layer.rows});
  };
  subject.run();
  subject.wrong = wrong_by(
      product_error(data->w, data->x.data(), layer.cols, tokens, data->y.data(), layer.rows, 0));
  subject.bytes = static_cast<double>(data->w.bytes()) + floats(tokens * (layer.cols + layer.rows));
  subject.flops = work(layer, tokens);
  return subject;
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
        kernels::kernel<kernels::QuantiseSuperKernel>(Op::kQuantiseSuper, "q8_k", Isa::kScalar)(
            row, cols, super, t);
      kernels::kernel<kernels::QuantiseKernel>(Op::kQuantise, "q8", Isa::kScalar)(row, cols, small,
                                                                                  t);
    }
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
    bytes = kernels::packed_block_bytes(view.mode) * static_cast<size_t>(blocks);
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

Subject packed(const Cell& cell, const Layer& layer, int64_t tokens, const precision::Mode& mode) {
  auto data = std::make_shared<Product>(layer, mode, tokens, layer.cols);
  auto codes = std::make_shared<Codes>(data->x, tokens, layer.cols);
  codes->small.blocks = layer.cols / 32;
  auto panels = std::make_shared<Panels>(
      data->w, kernels::kernel<kernels::PackKernel>(Op::kPack, cell.format, Isa::kScalar));
  const auto kernel = function_of<kernels::PackedKernel>(cell);
  const int64_t stride = panels->count * kernels::kPackRows;
  Subject subject;
  subject.run = [=] {
    kernel({panels->memory.as<std::byte>(), panels->count, panels->blocks, codes->small,
            codes->super, tokens, data->y.data(), stride});
  };
  subject.run();
  const bool super = mode.functions->group == 256;
  subject.wrong =
      wrong_by(product_error(data->w, data->x.data(), layer.cols, tokens, data->y.data(), stride,
                             super ? kByteRounding : kFineRounding));
  subject.bytes =
      static_cast<double>(panels->memory.size()) + floats(tokens * (layer.cols + layer.rows));
  subject.flops = work(layer, tokens);
  return subject;
}

Subject pack(const Cell& cell, const Layer& layer, const precision::Mode& mode) {
  auto data = std::make_shared<LayerMatrix>(layer, mode);
  const auto kernel = function_of<kernels::PackKernel>(cell);
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
  auto out = std::make_shared<std::vector<float>>(
      static_cast<size_t>((layer.cols + chunk - 1) / chunk * chunk));
  const auto kernel = function_of<kernels::UnpackKernel>(cell);
  Subject subject;
  subject.run = [=] {
    for (int64_t r = 0; r < layer.rows; ++r) kernel(data->view(), r, out->data());
  };
  for (int64_t r = 0; r < std::min<int64_t>(16, layer.rows); ++r) {
    kernel(data->view(), r, out->data());
    const std::vector<float> want = data->row(r);
    for (int64_t i = 0; i < static_cast<int64_t>(out->size()); ++i) {
      const int64_t column = nibbles ? i / chunk * chunk + kernels::nibble_column(i % chunk) : i;
      if (column < layer.cols &&
          std::memcmp(&(*out)[static_cast<size_t>(i)], &want[static_cast<size_t>(column)],
                      sizeof(float)) != 0)
        subject.wrong = fmt::format("row {}, column {}: other bits than the mode's", r, column);
    }
  }
  subject.bytes = static_cast<double>(data->bytes()) + floats(layer.rows * layer.cols);
  return subject;
}

Subject block_panel(const Cell& cell, const Layer& layer, int64_t tokens) {
  const precision::Mode& mode = *precision::find_mode("q8_0");
  auto data = std::make_shared<Product>(layer, mode, tokens, layer.cols);
  auto x = std::make_shared<Codes>(data->x, tokens, layer.cols);
  const int64_t blocks = x->small.blocks;
  struct Rows {
    std::vector<int8_t> codes;
    std::vector<float> scales;
  };
  auto rows = std::make_shared<Rows>();
  rows->codes.resize(static_cast<size_t>(layer.rows * blocks * 32));
  rows->scales.resize(static_cast<size_t>(layer.rows * blocks));
  const auto unpack_row =
      kernels::kernel<kernels::UnpackBlocksKernel>(Op::kUnpackBlocks, "q8_0", Isa::kScalar);
  const size_t row_bytes = mode.functions->bytes(1, layer.cols);
  for (int64_t r = 0; r < layer.rows; ++r)
    unpack_row(data->w.view().codes + static_cast<size_t>(r) * row_bytes, layer.cols,
               {rows->codes.data(), rows->scales.data(), nullptr, layer.rows}, r, blocks);
  const auto kernel = function_of<kernels::BlockPanelKernel>(cell);
  Subject subject;
  subject.run = [=] {
    for (int64_t r = 0; r < layer.rows; r += kPanelRows)
      kernel({{rows->codes.data() + r * blocks * 32, rows->scales.data() + r * blocks, nullptr,
               std::min(kPanelRows, layer.rows - r)},
              x->small,
              tokens,
              data->y.data() + r,
              layer.rows});
  };
  subject.run();
  subject.wrong = wrong_by(product_error(data->w, data->x.data(), layer.cols, tokens,
                                         data->y.data(), layer.rows, kFineRounding));
  subject.bytes =
      static_cast<double>(rows->codes.size()) +
      floats(static_cast<int64_t>(rows->scales.size()) + tokens * (layer.cols + layer.rows));
  subject.flops = work(layer, tokens);
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
  const auto kernel = function_of<kernels::UnpackBlocksKernel>(cell);
  Subject subject;
  subject.run = [=] {
    for (int64_t r = 0; r < layer.rows; ++r) call(kernel, *out, r);
  };
  const auto reference =
      kernels::kernel<kernels::UnpackBlocksKernel>(Op::kUnpackBlocks, cell.format, Isa::kScalar);
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

Subject silu(const Cell& cell, const Layer& layer) {
  struct Data {
    std::vector<float> g, u, h;
  };
  const auto n = static_cast<size_t>(layer.rows);
  auto data = std::make_shared<Data>(Data{activations(n), activations(n), std::vector<float>(n)});
  const auto kernel = function_of<kernels::SiluKernel>(cell);
  Subject subject;
  subject.run = [=] { kernel(data->g.data(), data->u.data(), data->h.data(), layer.rows); };
  subject.run();
  for (size_t i = 0; i < n; ++i) {
    const double want = data->g[i] / (1 + std::exp(-double{data->g[i]})) * data->u[i];
    if (!(std::fabs(data->h[i] - want) <= 1e-5 * (1 + std::fabs(want))))
      subject.wrong = fmt::format("value {}: {} for {}", i, data->h[i], want);
  }
  subject.bytes = floats(3 * layer.rows);
  return subject;
}

/// The activations of a layer's input, one row, in the cell's form and in the scalar cell's.
template <class Kernel, class Call, class Same>
Subject quantise(const Cell& cell, const Layer& layer, Call call, Same same) {
  const Kernel kernel = function_of<Kernel>(cell);
  const Kernel reference = kernels::kernel<Kernel>(cell.op, cell.format, Isa::kScalar);
  auto x = std::make_shared<std::vector<float>>(activations(static_cast<size_t>(layer.cols)));
  auto got = std::make_shared<Codes>(*x, 1, layer.cols);
  auto want = std::make_shared<Codes>(*x, 1, layer.cols);
  Subject subject;
  subject.run = [=] { call(kernel, x->data(), *got); };
  subject.run();
  call(reference, x->data(), *want);
  if (!same(*got, *want)) subject.wrong = "other codes than the scalar cell's";
  subject.bytes = 6 * static_cast<double>(layer.cols);
  return subject;
}

Subject quantise_fine(const Cell& cell, const Layer& layer) {
  return quantise<kernels::QuantiseKernel>(
      cell, layer,
      [cols = layer.cols](kernels::QuantiseKernel kernel, const float* x, Codes& out) {
        kernel(x, cols, out.small, 0);
      },
      [](const Codes& a, const Codes& b) {
        return a.high == b.high && a.low == b.low && a.scales == b.scales;
      });
}

Subject quantise_super(const Cell& cell, const Layer& layer) {
  return quantise<kernels::QuantiseSuperKernel>(
      cell, layer,
      [cols = layer.cols](kernels::QuantiseSuperKernel kernel, const float* x, Codes& out) {
        kernel(x, cols, out.super, 0);
      },
      [](const Codes& a, const Codes& b) {
        return a.codes == b.codes && a.super_scales == b.super_scales;
      });
}

Subject quantise_int8(const Cell& cell, const Layer& layer) {
  return quantise<kernels::QuantiseInt8Kernel>(
      cell, layer,
      [cols = layer.cols](kernels::QuantiseInt8Kernel kernel, const float* x, Codes& out) {
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

Subject attention(const Cell& cell, int64_t length) {
  struct Data {
    std::vector<float> q, keys, values, scores, a, tops, sums;
    std::vector<uint16_t> half_keys, half_values;
  };
  constexpr int64_t kGroup = 4, kHeadDim = 64;  // tinyllama-1.1b has 8 heads to one, llama-3 has 4
  auto data = std::make_shared<Data>();
  data->q = activations(kGroup * kHeadDim);
  data->keys = activations(static_cast<size_t>(length * kHeadDim));
  data->values = data->keys;
  data->scores.resize(static_cast<size_t>(kGroup * length));
  data->a.resize(kGroup * kHeadDim);
  data->tops.resize(kGroup);
  data->sums.resize(kGroup);
  const bool half = cell.format == "bf16";
  if (half)
    for (float& value : data->keys) {
      data->half_keys.push_back(bf16_from_float(value));
      value = float_from_bf16(data->half_keys.back());
    }
  const auto kernel = function_of<kernels::AttentionKernel>(cell);
  Subject subject;
  subject.run = [=] {
    const void* cache = half ? static_cast<const void*>(data->half_keys.data())
                             : static_cast<const void*>(data->keys.data());
    kernel({data->q.data(), cache, cache, kHeadDim, length, kGroup, kHeadDim, 0.125F,
            data->scores.data(), data->a.data(), data->tops.data(), data->sums.data()});
  };
  subject.run();
  for (int64_t g = 0; g < kGroup; ++g) {
    std::vector<double> scores, want(kHeadDim);
    for (int64_t i = 0; i < length; ++i)
      scores.push_back(0.125 *
                       std::inner_product(&data->q[static_cast<size_t>(g * kHeadDim)],
                                          &data->q[static_cast<size_t>(g * kHeadDim)] + kHeadDim,
                                          &data->keys[static_cast<size_t>(i * kHeadDim)], 0.0));
    const double top = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (int64_t i = 0; i < length; ++i) {
      const double weight = std::exp(scores[static_cast<size_t>(i)] - top);
      sum += weight;
      for (size_t d = 0; d < want.size(); ++d)
        want[d] += weight * data->keys[static_cast<size_t>(i * kHeadDim) + d];
    }
    for (size_t d = 0; d < want.size(); ++d) {
      const auto at = static_cast<size_t>(g);
      const double got = data->a[at * kHeadDim + d] / data->sums[at];
      if (!(std::fabs(got - want[d] / sum) <= 1e-4))
        subject.wrong = fmt::format("head {}: {} for {}", g, got, want[d] / sum);
    }
  }
  subject.bytes = (half ? 4.0 : 8.0) * static_cast<double>(length * kHeadDim);
  subject.flops = 4.0 * static_cast<double>(kGroup * length * kHeadDim);
  return subject;
}

}  // namespace

bool takes_tokens(Op op) {
  return op == Op::kFloatPanel || op == Op::kBlockPanel || op == Op::kIntegerPanel ||
         op == Op::kPacked || op == Op::kHalfPanel || op == Op::kStoredRows;
}

std::optional<Subject> make_subject(const Cell& cell, const Layer& layer, int64_t tokens) {
  const precision::Mode* mode = mode_of(cell.format);
  if (mode != nullptr && layer.cols % mode->functions->group != 0) return std::nullopt;
  switch (cell.op) {
    case Op::kFloatPanel:
      return float_panel(cell, layer, tokens);
    case Op::kHalfPanel:
      return half_panel(cell, layer, tokens);
    case Op::kBlockPanel:
      return block_panel(cell, layer, tokens);
    case Op::kIntegerPanel:
      return integer_panel(cell, layer, tokens);
    case Op::kPacked:
      return packed(cell, layer, tokens, *mode);
    case Op::kStoredRows:
      return stored_rows(cell, layer, tokens, *mode);
    case Op::kPack:
      return pack(cell, layer, *mode);
    case Op::kUnpack:
      return unpack(cell, layer, *mode, false);
    case Op::kUnpackNibbles:
      return unpack(cell, layer, *mode, true);
    case Op::kUnpackBlocks:
      return unpack_blocks(cell, layer, *mode);
    case Op::kSilu:
      return silu(cell, layer);
    case Op::kQuantise:
      return quantise_fine(cell, layer);
    case Op::kQuantiseSuper:
      return layer.cols % 256 == 0 ? std::optional(quantise_super(cell, layer)) : std::nullopt;
    case Op::kQuantiseInt8:
      return quantise_int8(cell, layer);
    case Op::kAttention:
      return attention(cell, layer.cols);
    default:
      return std::nullopt;
  }
}

}  // namespace nety::bench
