// What any backend must compute: forward() on random tiny models of every shape, compared with the
// double-precision reference. A backend's test program includes this once and instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Native, BackendConformance,
//                            ::testing::ValuesIn(conformance_params(make_native, modes)),
//                            param_name);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "core/model/forward.h"
#include "tests/model/conformance_policy.h"
#include "tests/model/conformance_shapes.h"
#include "tests/model/prepared_model.h"
#include "tests/model/random_model.h"
#include "tests/model/reference_forward.h"

namespace nety::model {

/// One backend, one shape, one mode.
struct ConformanceParam {
  BackendFactory make;
  Shape shape;
  precision::ModeId mode;
  Tolerances tolerances;
  RowChange change = nullptr;
  reference::Products products = reference::Products::kExact;
};

/// Every shape in fp32 if it is among `modes`, the other modes in the shapes that show most.
inline std::vector<ConformanceParam> conformance_params(
    const BackendFactory& make, const std::vector<precision::ModeId>& modes,
    const Tolerances& tolerances = {}, RowChange change = nullptr,
    reference::Products products = reference::Products::kExact) {
  std::vector<ConformanceParam> params;
  for (const Shape& shape : conformance_shapes())
    for (const precision::ModeId mode : modes) {
      const bool telling = mode == precision::ModeId::fp32 || shape.name == "biases" ||
                           shape.name == "wide" || shape.name == "all_at_once" ||
                           shape.name == "experts_wide" || shape.name == "one_kv_head_of_odd_width";
      if (telling && fits(shape.config, mode))
        params.push_back({make, shape, mode, tolerances, change, products});
    }
  return params;
}

inline void PrintTo(const ConformanceParam& param, std::ostream* out) {
  *out << param.shape.name << " in " << precision::mode(param.mode).name;
}

inline std::string param_name(const ::testing::TestParamInfo<ConformanceParam>& info) {
  std::string name =
      std::string(precision::mode(info.param.mode).name) + "_" + info.param.shape.name;
  std::ranges::replace(name, '-', '_');
  return name;
}

class BackendConformance : public ::testing::TestWithParam<ConformanceParam> {
 protected:
  static constexpr int64_t kTokens = 24, kCacheContext = 40, kSequences = 3;
  /// Below this difference of two experts' scores, fp32 may choose either.
  static constexpr double kNearTie = 1e-4;

  /// A run of tokens of one sequence inside a step.
  struct Piece {
    int32_t sequence;
    std::vector<int32_t> tokens;
  };

  BackendConformance()
      : random_model_(GetParam().shape.config, GetParam().mode),
        reference_weights_(changed(random_model_.weights(), GetParam().change)),
        backend_(GetParam().make(BackendOptions{.threads = 2, .isa = {}, .device = {}})),
        model_(prepared(random_model_.weights(), *backend_)) {
    workspace_ = backend_->make_workspace(config(), whole_shape(config()),
                                          {.context = kCacheContext,
                                           .tokens = kTokens * kSequences,
                                           .logit_rows = kTokens * kSequences});
    make_cache(KvType::kFp32);
    std::mt19937 random(7);
    for (std::vector<int32_t>& text : texts_)
      for (int64_t i = 0; i < kTokens; ++i)
        text.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(config().vocab)));
  }

  const checkpoint::ModelConfig& config() const { return GetParam().shape.config; }

  void make_cache(KvType type) {
    cache_ = backend_->make_cache({.layers = config().layers,
                                   .kv_heads = config().kv_heads,
                                   .head_dim = config().head_dim,
                                   .context = kCacheContext,
                                   .sequences = kSequences,
                                   .type = type});
    references_.assign(kSequences,
                       reference::Sequence(reference_weights_, {GetParam().products, type}));
  }

  /// Runs one step over rows (sequence, token), with logits of `wanted` rows, and compares them.
  void step(const std::vector<std::pair<int32_t, int32_t>>& rows, std::vector<int32_t> wanted) {
    std::map<int32_t, size_t> lengths;  // of each sequence after this step
    for (const auto& row : rows)
      lengths.try_emplace(row.first, reference(row.first).length()).first->second += 1;
    std::vector<int32_t> tokens, positions, sequences;
    std::vector<reference::Values> expected;
    for (const auto& [sequence, token] : rows) {
      tokens.push_back(token);
      sequences.push_back(sequence);
      positions.push_back(static_cast<int32_t>(reference(sequence).length()));
      const int64_t length = static_cast<int64_t>(lengths[sequence]);
      expected.push_back(reference(sequence).next(token, length));
    }
    const size_t vocab = static_cast<size_t>(config().vocab);
    std::vector<float> logits(wanted.size() * vocab);
    forward(model_, *backend_, *workspace_, *cache_, {tokens, positions, sequences, wanted},
            logits);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const size_t row = static_cast<size_t>(wanted[i]);
      if (reference(sequences[row]).near_tie() < kNearTie) continue;
      SCOPED_TRACE("sequence " + std::to_string(sequences[row]) + ", position " +
                   std::to_string(positions[row]));
      compare(std::span(logits).subspan(i * vocab, vocab), expected[row]);
    }
  }

  /// A step over consecutive tokens of one sequence, all rows wanted.
  void step_text(int32_t sequence, std::span<const int32_t> tokens) {
    std::vector<std::pair<int32_t, int32_t>> rows;
    std::vector<int32_t> wanted;
    for (const int32_t token : tokens) {
      wanted.push_back(static_cast<int32_t>(rows.size()));
      rows.emplace_back(sequence, token);
    }
    step(rows, wanted);
  }

  void truncate(int32_t sequence, int32_t position) {
    cache_->truncate(sequence, position);
    reference(sequence).truncate(static_cast<size_t>(position));
  }

  void copy(int32_t from, int32_t to, int32_t length) {
    backend_->copy_sequence(*cache_, from, to, length);
    reference(to) = reference(from);
    reference(to).truncate(static_cast<size_t>(length));
  }

  reference::Sequence& reference(int32_t sequence) {
    return references_[static_cast<size_t>(sequence)];
  }

  void compare(std::span<const float> found, const reference::Values& expected) {
    double squares = 0, worst = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      squares += expected[i] * expected[i];
      worst = std::max(worst, std::abs(double{found[i]} - expected[i]));
      ASSERT_TRUE(std::isfinite(found[i])) << "logit " << i;
    }
    const double scale = std::sqrt(squares / static_cast<double>(expected.size()));
    EXPECT_LE(worst / scale, tolerance_);
    worst_ = std::max(worst_, worst / scale);
  }

  void TearDown() override { RecordProperty("worst_error", std::to_string(worst_)); }

  reference::RandomModel random_model_;
  reference::Weights reference_weights_;
  std::unique_ptr<Backend> backend_;
  Model model_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<KvCache> cache_;
  std::vector<int32_t> texts_[kSequences];
  std::vector<reference::Sequence> references_;
  double tolerance_ = tolerance_of(GetParam().mode, GetParam().tolerances);
  double worst_ = 0;
};

TEST_P(BackendConformance, WholeSequenceAtOnce) { step_text(0, texts_[0]); }

TEST_P(BackendConformance, TokenByToken) {
  for (const int32_t token : texts_[0]) step_text(0, {&token, 1});
}

TEST_P(BackendConformance, PiecesOfAnySize) {
  const std::span<const int32_t> text = texts_[0];
  size_t at = 0;
  for (const size_t size : {3U, 1U, 7U, 2U, 11U}) {
    step_text(0, text.subspan(at, size));
    at += size;
  }
  ASSERT_EQ(at, text.size());
}

TEST_P(BackendConformance, SequencesMixedInOneStep) {
  step_text(2, std::span(texts_[2]).first(5));  // one has a head start
  std::vector<std::pair<int32_t, int32_t>> rows;
  std::vector<int32_t> wanted;
  for (size_t i = 0; i < 6; ++i) {
    rows.emplace_back(0, texts_[0][i]);
    if (i % 2 == 0) rows.emplace_back(2, texts_[2][5 + i]);
    if (i > 3) rows.emplace_back(1, texts_[1][i - 4]);
  }
  for (size_t i = 0; i < rows.size(); ++i) wanted.push_back(static_cast<int32_t>(i));
  step(rows, wanted);
  step({{1, 5}, {0, 6}, {2, 7}}, {0, 1, 2});  // a decode step of all three
}

TEST_P(BackendConformance, OnlyTheWantedLogits) {
  std::vector<std::pair<int32_t, int32_t>> rows;
  for (const int32_t token : texts_[0]) rows.emplace_back(0, token);
  step(rows, {1, 2, 17, 23});
  step({{0, 4}}, {});
  step({{0, 9}}, {0});
}

TEST_P(BackendConformance, TruncatedCacheGoesOnAnotherWay) {
  step_text(0, texts_[0]);
  truncate(0, 9);
  step_text(0, std::span(texts_[1]).first(4));
  truncate(0, 0);
  step_text(0, std::span(texts_[2]).first(8));
}

TEST_P(BackendConformance, CopiedSequencesGoOnApart) {
  step_text(0, std::span(texts_[0]).first(11));
  step_text(1, std::span(texts_[1]).first(14));  // is forgotten
  copy(0, 1, 11);
  copy(0, 2, 7);
  step({{1, 3}, {0, 5}, {2, 9}}, {0, 1, 2});
  for (size_t i = 0; i < 4; ++i) {
    step_text(1, std::span(texts_[1]).subspan(i, 1));
    step_text(2, std::span(texts_[2]).subspan(i, 1));
  }
  step_text(0, std::span(texts_[0]).subspan(12, 3));  // the first has noticed nothing
  copy(1, 0, 0);
  step_text(0, std::span(texts_[2]).first(5));
}

TEST_P(BackendConformance, CacheInBf16) {
  make_cache(KvType::kBf16);
  tolerance_ = std::max(tolerance_, GetParam().tolerances.kv_bf16);
  step_text(0, std::span(texts_[0]).first(10));
  for (size_t i = 10; i < 14; ++i) step_text(0, std::span(texts_[0]).subspan(i, 1));
}

}  // namespace nety::model
