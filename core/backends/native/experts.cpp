// Rows of weights are dealt out so that workers have equal work, whichever experts were chosen.
#include "core/backends/native/experts.h"

#include <algorithm>
#include <cmath>

#include "core/backends/native/nonlinearity.h"
#include "core/backends/native/pieces.h"

namespace nety::native {
namespace {

using checkpoint::Mixture;
using model::ExpertWeights;
using model::Slot;

/// Reading a row of weights counts as much as multiplying it with so many tokens.
constexpr int64_t kReading = 4;

/// Whether products of both take the same forms of their input.
bool same_forms(const ExpertWeights& a, const ExpertWeights& b) {
  return native(a.gate).product().form == native(b.gate).product().form &&
         native(a.up).product().form == native(b.up).product().form;
}

}  // namespace

void Experts::reserve(const checkpoint::ModelConfig& config, int64_t tokens) {
  const Mixture most = config.largest_mixture();
  if (most.experts == 0) return;
  dim_ = config.dim;
  const int64_t rows = tokens * most.chosen;
  scores_.resize(static_cast<size_t>(tokens * most.experts));
  choices_.resize(static_cast<size_t>(rows));
  places_.resize(static_cast<size_t>(rows));
  row_tokens_.resize(static_cast<size_t>(rows));
  ends_.resize(static_cast<size_t>(most.experts));
  groups_.reserve(static_cast<size_t>(most.experts));
  in_.reserve(rows, std::max(config.dim, most.ffn_dim));
  h_ = ZeroedArray<float>(static_cast<size_t>(rows * most.ffn_dim));
  u_ = ZeroedArray<float>(static_cast<size_t>(rows * most.ffn_dim));
  y_ = ZeroedArray<float>(static_cast<size_t>(rows * config.dim));
}

int64_t Experts::bytes(const checkpoint::ModelConfig& config, int64_t tokens, int64_t form_bytes) {
  const Mixture most = config.largest_mixture();
  constexpr int64_t kFloat = sizeof(float);
  constexpr int64_t kRow = sizeof(model::Choice) + 2 * sizeof(int64_t);
  const int64_t rows = tokens * most.chosen;
  const int64_t width = std::max(config.dim, most.ffn_dim) + Activations::kMargin;
  return tokens * most.experts * kFloat + rows * kRow + rows * width * form_bytes / kFormValues +
         rows * (2 * most.ffn_dim + config.dim) * kFloat;
}

void Experts::run(const ExpertStep& step) {
  tokens_ = step.tokens;
  chosen_ = step.spec.mixture.chosen;
  ffn_ = step.spec.mixture.ffn_dim;
  choose(step);
  group_by_expert(step.spec.mixture.experts);
  gather(step);
  gate_up(step);
  down(step);
  sum_up(step);
}

void Experts::choose(const ExpertStep& step) {
  const Mixture& mixture = step.spec.mixture;
  const auto experts = static_cast<size_t>(mixture.experts), chosen = static_cast<size_t>(chosen_);
  share_items(step.pool, tokens_, [&](int64_t t) {
    const auto row = static_cast<size_t>(t);
    model::choose_experts(mixture.gating, std::span(scores_).subspan(row * experts, experts),
                          std::span(choices_).subspan(row * chosen, chosen));
  });
}

void Experts::group_by_expert(int64_t experts) {
  const auto all = std::span(choices_).first(static_cast<size_t>(tokens_ * chosen_));
  std::fill_n(ends_.begin(), experts, int64_t{0});
  for (const model::Choice& choice : all) ++ends_[static_cast<size_t>(choice.expert)];
  groups_.clear();
  int64_t first = 0;
  for (size_t e = 0; e < static_cast<size_t>(experts); ++e) {
    const int64_t count = ends_[e];
    if (count > 0) groups_.push_back({e, first, count});
    ends_[e] = first;
    first += count;
  }
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t row = ends_[static_cast<size_t>(all[i].expert)]++;
    places_[i] = row;
    row_tokens_[static_cast<size_t>(row)] = static_cast<int64_t>(i) / chosen_;
  }
}

template <class Each>
void Experts::each_row(const ExpertStep& step, const Each& each) const {
  const int64_t pieces = step.pool.pieces_of(tokens_ * chosen_);
  step.pool.run_pieces(pieces, [&](int64_t piece, int /*worker*/) {
    const Share share = share_of(tokens_ * chosen_, piece, pieces);
    for (const Group& group : groups_) {
      const ExpertWeights& expert = step.layer.experts[group.expert];
      const int64_t last = std::min(share.end, group.first + group.count);
      for (int64_t row = std::max(share.begin, group.first); row < last; ++row) each(expert, row);
    }
  });
}

void Experts::gather(const ExpertStep& step) {
  in_.set_cols(dim_);
  const auto take = [&](int64_t row, int64_t token) {
    std::copy_n(step.normal.row(token), dim_, in_.row(row));
  };
  if (tokens_ == 1) {  // the same row for all its experts, in all forms that some of them take
    take(0, 0);
    const ExpertWeights* last = nullptr;
    for (const Group& group : groups_) {
      const ExpertWeights& expert = step.layer.experts[group.expert];
      if (last != nullptr && same_forms(*last, expert)) continue;
      in_.derive(0, {&native(expert.gate), &native(expert.up)}, step.cells);
      last = &expert;
    }
    return;
  }
  each_row(step, [&](const ExpertWeights& expert, int64_t row) {
    take(row, row_tokens_[static_cast<size_t>(row)]);
    in_.derive(row, {&native(expert.gate), &native(expert.up)}, step.cells);
  });
}

// As many as a matrix as tall as all groups' would be cut into.
int64_t Experts::pieces_of(int64_t rows, const ThreadPool& pool) const {
  const int64_t groups = static_cast<int64_t>(groups_.size());
  const int64_t mean = tokens_ * chosen_ / groups;
  return pieces_of_rows(rows * groups, in_.cols(), mean, pool);
}

template <class Each>
void Experts::deal(int64_t rows, int64_t piece, int64_t pieces, const Each& each) const {
  constexpr int64_t kGrain = kernels::kPackRows;
  const int64_t panels = (rows + kGrain - 1) / kGrain;
  const auto cost = [](const Group& group) { return group.count + kReading; };
  int64_t total = 0;
  for (const Group& group : groups_) total += panels * cost(group);
  const Share share = share_of(total, piece, pieces);
  int64_t base = 0;
  for (const Group& group : groups_) {
    const auto cut = [&](int64_t at) {
      const int64_t panel = (std::max<int64_t>(at - base, 0) + cost(group) - 1) / cost(group);
      return std::min(panel * kGrain, rows);
    };
    const int64_t first = cut(share.begin), last = cut(share.end);
    if (first < last) each(group, first, last);
    base += panels * cost(group);
  }
}

void Experts::gate_up(const ExpertStep& step) {
  const int64_t pieces = pieces_of(ffn_, step.pool);
  step.pool.run_pieces(pieces, [&](int64_t piece, int worker) {
    Scratch& scratch = step.scratch[static_cast<size_t>(worker)];
    deal(ffn_, piece, pieces, [&](const Group& group, int64_t first, int64_t last) {
      const ExpertWeights& expert = step.layer.experts[group.expert];
      float* const h = h_.data() + group.first * ffn_;
      float* const u = u_.data() + group.first * ffn_;
      const int64_t row = tokens_ == 1 ? 0 : group.first;
      multiply_rows(native(expert.gate), in_, group.count, first, last,
                    {h, ffn_, floats_or_null(expert.gate_bias)}, step.cells, scratch, row);
      multiply_rows(native(expert.up), in_, group.count, first, last,
                    {u, ffn_, floats_or_null(expert.up_bias)}, step.cells, scratch, row);
      for (int64_t t = 0; t < group.count; ++t)
        apply_nonlinearity(step.spec, step.cells, h + t * ffn_ + first, u + t * ffn_ + first,
                           last - first);
    });
  });
}

void Experts::down(const ExpertStep& step) {
  in_.set_cols(ffn_);
  each_row(step, [&](const ExpertWeights& expert, int64_t row) {
    std::copy_n(h_.data() + row * ffn_, ffn_, in_.row(row));
    in_.derive(row, {&native(expert.down)}, step.cells);
  });
  const int64_t pieces = pieces_of(dim_, step.pool);
  step.pool.run_pieces(pieces, [&](int64_t piece, int worker) {
    Scratch& scratch = step.scratch[static_cast<size_t>(worker)];
    deal(dim_, piece, pieces, [&](const Group& group, int64_t first, int64_t last) {
      const ExpertWeights& expert = step.layer.experts[group.expert];
      multiply_rows(native(expert.down), in_, group.count, first, last,
                    {y_.data() + group.first * dim_, dim_, floats_or_null(expert.down_bias)},
                    step.cells, scratch, group.first);
    });
  });
}

// Into the row of the token's first expert.
void Experts::sum_up(const ExpertStep& step) {
  share_items(step.pool, tokens_, [&](int64_t t) {
    const model::Choice* const choices = choices_.data() + t * chosen_;
    float* const sum = y_.data() + place(t, 0) * dim_;
    for (int64_t d = 0; d < dim_; ++d) sum[d] *= choices[0].weight;
    for (int64_t i = 1; i < chosen_; ++i) {
      const float* const y = y_.data() + place(t, i) * dim_;
      const float weight = choices[i].weight;
      for (int64_t d = 0; d < dim_; ++d) sum[d] += weight * y[d];
    }
  });
}

}  // namespace nety::native
