// How products with a weight are computed: one file per way in products/, and one table.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/base/thread_pool.h"
#include "core/kernels/kernels.h"
#include "core/model/backend.h"
#include "core/precision/mode.h"

namespace nety::native {

class Activations;
class Arena;
class Cells;
class Weight;
struct Scratch;

/// A form that activations are brought into for some products.
struct Form {
  int64_t bytes;  ///< Per kFormValues values.
  /// Row `t` of `out`, the form's storage, from the fp32 row.
  void (*derive)(const Activations& x, int64_t t, const Cells& cells, std::byte* out);
};
inline constexpr int64_t kFormValues = 256;

/// Some rows of a weight, to be multiplied with some tokens of a step by one worker.
struct Rows {
  const Weight& w;
  const Activations& x;
  std::byte* form;  // x.storage() of the product's form
  int64_t tokens, first, count;
  const Cells& cells;
  Scratch& scratch;
  int64_t token = 0;  // the first one's row of x
};

/// What a product may take while a weight is made ready for it.
struct Making {
  kernels::Isa isa;
  ThreadPool& pool;
  Arena& arena;
};

struct Product {
  /// Whether weights like `w` are multiplied so with the kernels of `isa`.
  bool (*applies)(const precision::MatrixView& w, kernels::Isa isa, model::Compute compute);
  /// Looks up the weight's kernels, and packs it if need be.
  void (*prepare)(Weight& w, const Making& making);
  /// scratch.y [tokens, count] = x W'; `count` is a multiple of `grain`.
  void (*multiply)(const Rows& rows);
  /// The kernels it takes for weights in `mode`, for reports: "packed_q4_1_avx2".
  std::string (*kernel)(precision::ModeId mode, kernels::Isa isa);
  const Form* form = nullptr;  ///< Of the activations; null: the fp32 rows.
  int64_t grain = 1;           ///< Rows that one worker takes whole.
  bool takes_column = false;   ///< Whether it needs Scratch::column.
};

/// In the order in which they are tried; the last one applies to every weight.
std::span<const Product* const> products();
/// The forms of them all, each once.
std::span<const Form* const> forms();

/// How products with `w` are computed.
const Product& product_of(const precision::MatrixView& w, kernels::Isa isa,
                          model::Compute compute = model::Compute::kMode);
/// The same for a usual weight in `mode`: whole blocks in each row.
const Product& product_of(precision::ModeId mode, kernels::Isa isa,
                          model::Compute compute = model::Compute::kMode);

/// "packed_q4_1_avx2": the best cell's name, or "".
std::string cell_name(kernels::Op op, std::string_view format, kernels::Isa isa);

}  // namespace nety::native
