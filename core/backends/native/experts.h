// The feed-forward networks of a mixture: a step's tokens grouped by expert, so that an expert's
// weights are read once for all tokens that have it, and those of no token are not read.
#pragma once

#include <span>
#include <vector>

#include "core/backends/native/linear.h"
#include "core/base/thread_pool.h"
#include "core/model/routing.h"

namespace nety::native {

/// What computes a layer's experts.
struct ExpertStep {
  const model::LayerWeights& layer;
  const checkpoint::LayerSpec& spec;
  const Activations& normal;  // [T, D], fp32 rows
  int64_t tokens;
  ThreadPool& pool;
  const Cells& cells;
  std::span<Scratch> scratch;  // of each worker
};

/// T tokens with k experts each are P = T k rows: by ascending expert, then token. A row's bits do
/// not depend on the others, and a token's rows are summed by ascending expert.
class Experts {
 public:
  /// Room for the mixtures of `config`, if it has any.
  void reserve(const checkpoint::ModelConfig& config, int64_t tokens);
  /// Bytes that become memory at most, where kFormValues activations take `form_bytes`.
  static int64_t bytes(const checkpoint::ModelConfig& config, int64_t tokens, int64_t form_bytes);

  /// The router's scores [T, E], to be filled before run().
  float* scores() { return scores_.data(); }
  /// What the experts of each token add to the stream.
  void run(const ExpertStep& step);
  /// That of token t [D], until the next run().
  float* sum(int64_t t) { return y_.data() + place(t, 0) * dim_; }

 private:
  /// Rows of one expert.
  struct Group {
    size_t expert;
    int64_t first, count;
  };

  void choose(const ExpertStep& step);
  void group_by_expert(int64_t experts);
  /// The tokens' rows in the order of the groups, in the forms that gate and up take.
  void gather(const ExpertStep& step);
  void gate_up(const ExpertStep& step);
  void down(const ExpertStep& step);
  void sum_up(const ExpertStep& step);
  /// Calls each(expert, row) for all rows, shared among the workers.
  template <class Each>
  void each_row(const ExpertStep& step, const Each& each) const;
  /// Pieces to cut `rows` rows of every group into.
  int64_t pieces_of(int64_t rows, const ThreadPool& pool) const;
  /// Calls each(group, first, last) for a piece of `rows` rows of every group.
  template <class Each>
  void deal(int64_t rows, int64_t piece, int64_t pieces, const Each& each) const;
  int64_t place(int64_t t, int64_t i) const {
    return places_[static_cast<size_t>(t * chosen_ + i)];
  }

  int64_t dim_ = 0, ffn_ = 0;
  int64_t chosen_ = 0, tokens_ = 0;     // of the layer that runs
  std::vector<float> scores_;           // [T, E]
  std::vector<model::Choice> choices_;  // [T, k], by expert
  std::vector<int64_t> places_;         // [T, k]: their rows
  std::vector<int64_t> row_tokens_;     // [P]: their tokens
  std::vector<int64_t> ends_;           // [E]: where the rows of an expert end so far
  std::vector<Group> groups_;           // of experts that some token has
  Activations in_;                      // [P, D], then [P, F]; one token: [1, D] for all experts
  ZeroedArray<float> h_, u_;            // [P, F]
  ZeroedArray<float> y_;                // [P, D]
};

}  // namespace nety::native
