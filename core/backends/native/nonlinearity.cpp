#include "core/backends/native/nonlinearity.h"

#include <algorithm>

namespace nety::native {
namespace {

// g sigmoid(a g) (u + 1) is silu(a g) times (u + 1) / a.
void clamp(float limit, float* g, float* u, int64_t n) {
  constexpr auto kAlpha = static_cast<float>(checkpoint::kClampedSiluAlpha);
  for (int64_t i = 0; i < n; ++i) {
    g[i] = kAlpha * std::min(g[i], limit);
    u[i] = (std::clamp(u[i], -limit, limit) + 1) / kAlpha;
  }
}

}  // namespace

void apply_nonlinearity(const checkpoint::LayerSpec& spec, const Cells& cells, float* g, float* u,
                        int64_t n) {
  using checkpoint::Nonlinearity;
  if (spec.nonlinearity == Nonlinearity::kGeluTanh)
    return cells.get<kernels::Op::kGelu>()(g, u, g, n);
  if (spec.nonlinearity == Nonlinearity::kClampedSilu)
    clamp(static_cast<float>(spec.clamp), g, u, n);
  cells.get<kernels::Op::kSilu>()(g, u, g, n);
}

}  // namespace nety::native
