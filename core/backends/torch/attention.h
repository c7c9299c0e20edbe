// Keys, values and attention: which rows of a step belong to which sequence, what they may see, and
// the product over the cache.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/model/backend.h"

namespace nety::torch_backend {

class TorchCache final : public model::KvCache {
 public:
  TorchCache(const model::CacheShape& shape, c10::Device device);

  uint64_t bytes() const override;
  void truncate(int32_t sequence, int32_t position) override;

  const model::CacheShape& shape() const { return shape_; }
  c10::Device device() const { return device_; }
  int64_t length(int32_t sequence) const { return lengths_[static_cast<size_t>(sequence)]; }
  void set_length(int32_t sequence, int64_t length) {
    lengths_[static_cast<size_t>(sequence)] = length;
  }
  /// The first `length` positions of a sequence to another. Error: kInternal if `from` has fewer.
  void copy(int32_t from, int32_t to, int64_t length);
  /// [Hkv, context, dh], fp32 or bf16
  at::Tensor keys(int64_t layer, int32_t sequence) const;
  at::Tensor values(int64_t layer, int32_t sequence) const;

 private:
  model::CacheShape shape_;
  c10::Device device_;
  std::vector<at::Tensor> keys_, values_;  // per layer [sequences, Hkv, context, dh]
  std::vector<int64_t> lengths_;           // [sequences]
};

/// What the rows of a sequence see through a window.
struct Sight {
  int64_t window = 0;     // 0: all
  int64_t first_key = 0;  // what the window hides from every row is left out
  bool causal = false;    // the mask is the plain triangle
  at::Tensor mask;        // [n, keys] 0 or -inf; undefined if none is needed
};

/// The rows of one sequence in a step: n tokens at positions [begin, begin + n).
struct SequenceRows {
  int32_t sequence = 0;
  int64_t begin = 0;
  std::vector<int64_t> rows;  // [n], ascending
  at::Tensor index;           // rows as a tensor; undefined if they are consecutive
  std::vector<Sight> sights;  // one for each window that some layer has

  const Sight& sight(int64_t window) const;
  int64_t count() const { return static_cast<int64_t>(rows.size()); }
  int64_t end() const { return begin + count(); }
  /// These rows of a tensor whose first dimension is the step's T tokens.
  at::Tensor select(const at::Tensor& tensor) const;
};

/// The step's rows by sequence, each with its masks for `windows`; 0 is none. Errors: kInternal if
/// positions do not continue what `cache` holds, kUsage if they run past its context.
std::vector<SequenceRows> rows_by_sequence(const model::Batch& batch, const TorchCache& cache,
                                           const std::vector<int64_t>& windows);

/// Writes k, v [T, Hkv, dh] into the cache at the rows' positions.
void write_cache(const TorchCache& cache, int64_t layer, const SequenceRows& rows,
                 const at::Tensor& k, const at::Tensor& v);

/// softmax(s q k) v for the rows' queries, from q [T, Hq, dh]: [n, Hq*dh]. `sinks` [Hq] are scores
/// of a value that is zero; undefined: there are none.
at::Tensor attend(const TorchCache& cache, const model::LayerSpec& spec, int64_t layer,
                  const SequenceRows& rows, const at::Tensor& q, const at::Tensor& sinks);

}  // namespace nety::torch_backend
