// A panel of a few weight rows is brought into the form the kernel wants, in this core's cache, and
// multiplied with all tokens of the step. The order of summation depends on the columns alone, so a
// token's result is the same alone and among others, and for any number of threads.
#include "core/backends/native/linear.h"

#include <algorithm>

namespace nety::native {
namespace {

/// `count` zeros, whatever was there.
template <class T>
void renew(ZeroedArray<T>& array, int64_t count) {
  array = ZeroedArray<T>(static_cast<size_t>(count));
}

int64_t whole(int64_t count, int64_t part) { return (count + part - 1) / part * part; }

// Rows multiplied at a time: few for one token, so that a panel stays in the first cache; as many
// as a quarter of the second cache holds for more, or all where cells take long rows in chunks.
int64_t panel_rows(int64_t tokens, int64_t cols, int64_t grain, kernels::Isa isa) {
  if (tokens == 1 || isa == kernels::Isa::kAvx2) return kPanelRows;
  if (grain > 1) return grain;
  return std::clamp<int64_t>(65536 / cols / 4 * 4, 8, kPanelRows);
}

/// A panel's results: `stride` rows lie between tokens of y.
struct Results {
  const float* y;
  int64_t stride, rows, tokens;
};

/// Puts combine(what is there, the result, its row) in place of what is there.
template <class Combine>
void put(const Results& results, float* to, int64_t to_stride, const Combine& combine) {
  for (int64_t t = 0; t < results.tokens; ++t) {
    float* const out = to + t * to_stride;
    const float* const in = results.y + t * results.stride;
    for (int64_t r = 0; r < results.rows; ++r) out[r] = combine(out[r], in[r], r);
  }
}

void store(const Results& results, int64_t first, const Destination& to) {
  float* const out = to.y + first;
  const bool plain = to.scale == 1 && to.bias == nullptr;
  if (plain && to.accumulate)
    return put(results, out, to.stride, [](float was, float y, int64_t) { return was + y; });
  if (plain) return put(results, out, to.stride, [](float, float y, int64_t) { return y; });
  put(results, out, to.stride, [&](float was, float y, int64_t r) {
    const float value = to.scale * (to.bias == nullptr ? y : y + to.bias[first + r]);
    return to.accumulate ? was + value : value;
  });
}

}  // namespace

void Scratch::reserve(int64_t cols, int64_t rows, int64_t tokens) {
  renew(panel, kPanelRows * (cols + kPanelMargin));
  renew(codes, kPanelRows * (cols + 63));
  renew(scales, kPanelRows * (cols / 32 + 2));
  renew(mins, kPanelRows * (cols / 32 + 2));
  renew(y, kPanelRows * tokens);
  renew(sums, kPanelRows * tokens);
  renew(column, rows);
}

// Without scales and mins, of which a panel in fp32 leaves enough.
int64_t Scratch::bytes(int64_t cols, int64_t rows, int64_t tokens) {
  constexpr int64_t kFloat = sizeof(float);
  return kPanelRows * cols * (kFloat + 1) + (2 * tokens * kPanelRows + rows) * kFloat;
}

void multiply_rows(const Weight& w, const Activations& x, int64_t tokens, int64_t first,
                   int64_t last, const Destination& to, const Cells& cells, Scratch& scratch,
                   int64_t token) {
  const Product& product = w.product();
  std::byte* const form = product.form == nullptr ? nullptr : x.storage(*product.form);
  const int64_t step = panel_rows(tokens, w.view().cols, product.grain, cells.isa());
  for (int64_t r = first; r < last; r += step) {
    const int64_t rows = std::min(step, last - r);
    const int64_t stride = whole(rows, product.grain);
    product.multiply({w, x, form, tokens, r, stride, cells, scratch, token});
    store({scratch.y.data(), stride, rows, tokens}, r, to);
  }
}

}  // namespace nety::native
