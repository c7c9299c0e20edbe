// The activations that go into a step's products: fp32 rows, and the forms that some products take.
#pragma once

#include <initializer_list>
#include <vector>

#include "core/backends/native/product.h"
#include "core/base/zeroed_array.h"

namespace nety::native {

/// [tokens, cols], in each form that some weight asks for. There is room for all forms; only those
/// in use become memory (memory.cpp counts them by mode).
class Activations {
 public:
  /// Columns that a row of a form may take beyond its values.
  static constexpr int64_t kMargin = 128;

  /// Room for `tokens` rows of `cols`.
  void reserve(int64_t tokens, int64_t cols);
  /// The fp32 rows, to be filled by the caller, stride() apart.
  float* row(int64_t t) { return rows_.data() + t * stride_; }
  const float* row(int64_t t) const { return rows_.data() + t * stride_; }
  void set_cols(int64_t cols);
  int64_t cols() const { return cols_; }
  /// Elements between rows: more than cols() where rows would else begin a power of two apart, and
  /// fall on the same few lines of the first cache.
  int64_t stride() const { return stride_; }

  /// Derives from row `t` the forms that products with these weights take.
  void derive(int64_t t, std::initializer_list<const Weight*> weights, const Cells& cells);
  /// The storage of a form, Form::bytes for each kFormValues of capacity().
  std::byte* storage(const Form& form) const;
  /// Rows that there is room for.
  int64_t tokens() const { return tokens_; }
  /// Values that there is room for in each form: a multiple of kFormValues.
  int64_t capacity() const { return capacity_; }

 private:
  int64_t tokens_ = 0, cols_ = 0, stride_ = 0, capacity_ = 0;
  ZeroedArray<float> rows_;
  std::vector<ZeroedArray<std::byte>> forms_;  // in the order of forms()
};

/// Row `t` of a form that has one T per value, as far apart as the rows of fp32.
template <class T>
T* form_row(const Activations& x, std::byte* form, int64_t t) {
  return reinterpret_cast<T*>(form) + t * x.stride();
}

}  // namespace nety::native
