#include "core/backends/native/activations.h"

#include <algorithm>

#include "core/backends/native/weight.h"

namespace nety::native {

void Activations::reserve(int64_t tokens, int64_t cols) {
  tokens_ = tokens;
  capacity_ = (tokens * (cols + kMargin) + kFormValues - 1) / kFormValues * kFormValues;
  rows_ = ZeroedArray<float>(static_cast<size_t>(capacity_));
  forms_.clear();
  for (const Form* form : forms())
    forms_.emplace_back(static_cast<size_t>(capacity_ / kFormValues * form->bytes));
}

void Activations::set_cols(int64_t cols) {
  cols_ = cols;
  stride_ = cols % 512 == 0 ? cols + 64 : cols;
}

void Activations::derive(int64_t t, std::initializer_list<const Weight*> weights,
                         const Cells& cells) {
  for (auto weight = weights.begin(); weight != weights.end(); ++weight) {
    const Form* form = (*weight)->product().form;
    const auto same = [form](const Weight* w) { return w->product().form == form; };
    if (form == nullptr || std::any_of(weights.begin(), weight, same)) continue;
    form->derive(*this, t, cells, storage(*form));
  }
}

std::byte* Activations::storage(const Form& form) const {
  const auto all = forms();
  const auto at = std::find(all.begin(), all.end(), &form) - all.begin();
  return forms_[static_cast<size_t>(at)].data();
}

}  // namespace nety::native
