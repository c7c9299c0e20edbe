// The table of products and the choice among them.
#include <algorithm>
#include <vector>

#include "core/backends/native/product.h"
#include "core/precision/activation.h"
#include "core/precision/four_bit.h"

namespace nety::native {

#define NETY_PRODUCT(name) extern const Product k_##name;
#include "core/backends/native/products/products.def"
#undef NETY_PRODUCT

namespace {

constexpr const Product* kProducts[] = {
#define NETY_PRODUCT(name) &k_##name,
#include "core/backends/native/products/products.def"
#undef NETY_PRODUCT
};

}  // namespace

std::span<const Product* const> products() { return kProducts; }

std::span<const Form* const> forms() {
  static const std::vector<const Form*> all = [] {
    std::vector<const Form*> some;
    for (const Product* product : kProducts)
      if (product->form != nullptr && std::ranges::find(some, product->form) == some.end())
        some.push_back(product->form);
    return some;
  }();
  return all;
}

const Product& product_of(const precision::MatrixView& w, kernels::Isa isa,
                          model::Compute compute) {
  return **std::ranges::find_if(
      kProducts, [&](const Product* product) { return product->applies(w, isa, compute); });
}

const Product& product_of(precision::ModeId mode, kernels::Isa isa, model::Compute compute) {
  return product_of(
      {.mode = mode, .rows = 1, .cols = precision::kSuperBlock, .block = precision::kFourBitBlock},
      isa, compute);
}

std::string cell_name(kernels::Op op, std::string_view format, kernels::Isa isa) {
  const kernels::Cell* cell = kernels::find_cell(op, format, isa);
  return cell == nullptr ? std::string() : std::string(cell->name);
}

}  // namespace nety::native
