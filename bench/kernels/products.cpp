// Weights times activations, in every form that a cell takes them.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>

#include "bench/kernels/operations.h"
#include "core/base/half.h"

namespace nety::bench {
namespace {

constexpr int64_t kPanelRows = 32;  // as the native backend takes them

constexpr double kFineRounding = 1e-4;  // 16-bit activations
constexpr double kByteRounding = 1e-2;  // 8-bit activations per 256
constexpr double kHalfRounding = 4e-3;  // bf16 activations

/// What every product needs.
struct Product {
  Product(const Layer& layer, const precision::Mode& mode, int64_t tokens, int64_t width)
      : w(layer, mode),
        x(activations(static_cast<size_t>(tokens * width))),
        y(static_cast<size_t>(tokens * (layer.rows + kernels::kPackRows))) {}
  LayerMatrix w;
  std::vector<float> x, y;
};

}  // namespace

Subject float_panel(const Cell& cell, const Layer& layer, int64_t tokens) {
  auto data = std::make_shared<Product>(layer, *precision::find_mode("fp32"), tokens, layer.cols);
  const auto kernel = cell.kernel<Op::kFloatPanel>();
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

Subject bf16_panel(const Cell& cell, const Layer& layer, int64_t tokens) {
  auto data = std::make_shared<Product>(layer, *precision::find_mode("bf16"), tokens, layer.cols);
  auto halves = std::make_shared<std::vector<uint16_t>>(data->x.size());
  std::transform(data->x.begin(), data->x.end(), halves->begin(), bf16_from_float);
  const auto kernel = cell.kernel<Op::kBf16Panel>();
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
  const auto kernel = cell.kernel<Op::kIntegerPanel>();
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
  auto data = std::make_shared<Product>(layer, mode, tokens, layer.cols);
  auto x = std::make_shared<std::vector<float>>(static_cast<size_t>(tokens * layer.cols));
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t i = 0; i < layer.cols; ++i) {
      const int64_t column = nibbles ? i / chunk * chunk + kernels::nibble_column(i % chunk) : i;
      (*x)[static_cast<size_t>(t * layer.cols + i)] =
          data->x[static_cast<size_t>(t * layer.cols + column)];
    }
  const auto kernel = cell.kernel<Op::kStoredRows>();
  Subject subject;
  subject.run = [=] {
    kernel({&data->w.view(), 0, layer.rows, x->data(), layer.cols, tokens, data->y.data(),
            layer.rows});
  };
  subject.run();
  subject.wrong = wrong_by(
      product_error(data->w, data->x.data(), layer.cols, tokens, data->y.data(), layer.rows, 0));
  subject.bytes = static_cast<double>(data->w.bytes()) + floats(tokens * (layer.cols + layer.rows));
  subject.flops = work(layer, tokens);
  return subject;
}

Subject packed(const Cell& cell, const Layer& layer, int64_t tokens, const precision::Mode& mode) {
  auto data = std::make_shared<Product>(layer, mode, tokens, layer.cols);
  auto codes = std::make_shared<Codes>(data->x, tokens, layer.cols);
  codes->small.blocks = layer.cols / 32;
  auto panels =
      std::make_shared<Panels>(data->w, kernels::kernel<Op::kPack>(cell.format, Isa::kScalar));
  const auto kernel = cell.kernel<Op::kPacked>();
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
  const auto unpack_row = kernels::kernel<Op::kUnpackBlocks>("q8_0", Isa::kScalar);
  const size_t row_bytes = mode.functions->bytes(1, layer.cols);
  for (int64_t r = 0; r < layer.rows; ++r)
    unpack_row(data->w.view().codes + static_cast<size_t>(r) * row_bytes, layer.cols,
               {rows->codes.data(), rows->scales.data(), nullptr, layer.rows}, r, blocks);
  const auto kernel = cell.kernel<Op::kBlockPanel>();
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

}  // namespace nety::bench
