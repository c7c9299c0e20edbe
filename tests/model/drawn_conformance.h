// Drawn models (drawn_models.h) on backends, against the double-precision reference: every logit
// that was wanted, after steps of any pieces of several sequences. A test program says on which
// backends and how exactly:
//
//   TEST(DrawnModels, AreThoseOfTheReference) { expect_drawn_models({{.name = ...}}, 100); }
//
// The cases are the same at every run. RapidCheck's environment draws others, and more of them:
//
//   RC_PARAMS="seed=5 max_success=2000" test_model --gtest_filter=DrawnModels.*
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>

#include "core/model/forward.h"
#include "tests/model/conformance_policy.h"
#include "tests/model/drawn_text.h"
#include "tests/model/followed_sequence.h"
#include "tests/model/prepared_model.h"
#include "tests/model/random_model.h"

namespace nety::model::drawn {

/// A backend, what it is asked to do, and how exactly it does it.
struct Subject {
  std::string name;  ///< For messages.
  BackendFactory make;
  std::string isa;
  std::vector<precision::ModeId> modes;
  Tolerances tolerances;
  reference::Products products = reference::Products::kExact;
  bool q8_0_cache = false;  ///< Whether it has one.
};

/// Tokens of all cases: how many were compared, and how many experts were chosen otherwise.
struct Counts {
  int64_t compared = 0, others = 0, apart = 0;
  double worst = 0;  ///< Of what is allowed.
};

/// A case under way.
class Run {
 public:
  Run(const Case& one, const Subject& subject)
      : case_(one),
        mode_(subject.modes[one.mode]),
        cache_type_(one.kv == KvType::kQ8_0 && !subject.q8_0_cache ? KvType::kBf16 : one.kv),
        tolerance_(tolerance_of(mode_, subject.tolerances)),
        random_model_(one.config, mode_),
        backend_(subject.make({.threads = 2, .isa = subject.isa, .device = {}})),
        model_(prepared(random_model_.weights(), *backend_)) {
    if (cache_type_ == KvType::kBf16) tolerance_ = std::max(tolerance_, subject.tolerances.kv_bf16);
    if (cache_type_ == KvType::kQ8_0) tolerance_ = std::max(tolerance_, subject.tolerances.kv_q8_0);
    const checkpoint::ModelConfig& config = one.config;
    workspace_ = backend_->make_workspace(
        config, whole_shape(config),
        {.context = kContext, .tokens = kMostTokens, .logit_rows = kMostTokens});
    cache_ = backend_->make_cache({.layers = config.layers,
                                   .kv_heads = config.kv_heads,
                                   .head_dim = config.head_dim,
                                   .context = kContext,
                                   .sequences = kSequences,
                                   .type = cache_type_});
    for (int32_t i = 0; i < kSequences; ++i)
      references_.emplace_back(random_model_.weights(),
                               reference::Arithmetic{subject.products, cache_type_}, tolerance_,
                               std::min(tolerance_, kNearExperts));
  }

  void step(const Step& one) {
    const std::vector<int32_t> rows = sequences_of(one);
    if (rows.empty()) return;
    std::map<int32_t, int64_t> lengths;  // of each sequence after this step
    std::vector<int32_t> tokens, positions, wanted;
    for (size_t row = 0; row < rows.size(); ++row) {
      int64_t& length = lengths.try_emplace(rows[row], length_of(rows[row])).first->second;
      tokens.push_back(static_cast<int32_t>(random_() % static_cast<uint32_t>(case_.config.vocab)));
      positions.push_back(static_cast<int32_t>(length++));
      const bool last = std::find(rows.begin() + static_cast<ptrdiff_t>(row) + 1, rows.end(),
                                  rows[row]) == rows.end();
      if (one.all_wanted || last) wanted.push_back(static_cast<int32_t>(row));
    }
    const auto vocab = static_cast<size_t>(case_.config.vocab);
    std::vector<float> logits(wanted.size() * vocab);
    forward(model_, *backend_, *workspace_, *cache_, {tokens, positions, rows, wanted}, logits);
    std::span<const float> left = logits;
    for (size_t row = 0; row < rows.size(); ++row) {
      const bool has = std::ranges::binary_search(wanted, static_cast<int32_t>(row));
      const std::span<const float> found = has ? left.first(vocab) : std::span<const float>();
      if (has) left = left.subspan(vocab);
      compare(rows[row], tokens[row], positions[row], lengths[rows[row]], found);
    }
  }

  /// The first thing that was not as the reference has it; empty: nothing.
  const std::string& wrong() const { return wrong_; }

  void add_to(Counts& counts) const {
    counts.worst = std::max(counts.worst, worst_ / tolerance_);
    for (const reference::FollowedSequence& one : references_) {
      counts.compared += one.compared();
      counts.others += one.others();
      counts.apart += one.apart();
    }
  }

 private:
  /// How far rounding may move the scores of experts: nearer ones may change places.
  static constexpr double kNearExperts = 0.1;
  static constexpr int32_t kSequences = 3;
  static constexpr int64_t kContext = 40, kMostTokens = 3 * 17;

  reference::FollowedSequence& reference(int32_t sequence) {
    return references_[static_cast<size_t>(sequence)];
  }
  int64_t length_of(int32_t sequence) { return static_cast<int64_t>(reference(sequence).length()); }

  /// Whose the step's rows are: as many of the pieces' tokens as have room. Forgets before.
  std::vector<int32_t> sequences_of(const Step& one) {
    std::vector<int32_t> rows;
    if (one.pieces.empty()) return rows;
    const int32_t first = one.pieces.front().sequence;
    const int64_t kept = std::max<int64_t>(0, length_of(first) - one.back);
    cache_->truncate(first, static_cast<int32_t>(kept));
    reference(first).truncate(static_cast<size_t>(kept));
    std::vector<int64_t> left;
    std::map<int32_t, int64_t> room;
    for (const Piece& piece : one.pieces) {
      int64_t& of =
          room.try_emplace(piece.sequence, kContext - length_of(piece.sequence)).first->second;
      left.push_back(std::min(piece.count, of));
      of -= left.back();
    }
    for (bool more = true; more;) {
      more = false;
      for (size_t i = 0; i < left.size(); ++i) {
        const int64_t now = one.by_turns ? std::min<int64_t>(1, left[i]) : left[i];
        rows.insert(rows.end(), static_cast<size_t>(now), one.pieces[i].sequence);
        left[i] -= now;
        more = more || left[i] > 0;
      }
    }
    return rows;
  }

  void compare(int32_t sequence, int32_t token, int32_t position, int64_t length,
               std::span<const float> found) {
    const std::optional<double> error = reference(sequence).next(token, length, found);
    if (!error) return;
    worst_ = std::max(worst_, *error);
    if (*error <= tolerance_ || !wrong_.empty()) return;
    wrong_ = fmt::format("sequence {}, position {}: off by {} of the logits' size, {} is allowed",
                         sequence, position, *error, tolerance_);
  }

  const Case& case_;
  precision::ModeId mode_;
  KvType cache_type_;
  double tolerance_;
  reference::RandomModel random_model_;
  std::unique_ptr<Backend> backend_;
  Model model_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<KvCache> cache_;
  std::vector<reference::FollowedSequence> references_;
  std::mt19937 random_{7};
  std::string wrong_;
  double worst_ = 0;
};

/// The same cases at every run, unless RapidCheck's environment says otherwise.
inline rc::detail::TestParams params_of(int cases) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (std::getenv("RC_PARAMS") != nullptr) return params;
  params.seed = 20240607;
  params.maxSuccess = cases;
  params.disableShrinking = true;  // it takes minutes: RC_PARAMS of the failure's seed shrinks it
  return params;
}

/// Draws cases on all of the subjects. Near-ties of experts are compared with the experts that the
/// backend has; of the others, at most a fifth of all tokens, that is not known.
inline void expect_drawn_models(const std::vector<Subject>& subjects, int cases) {
  std::vector<std::vector<precision::ModeId>> modes;
  for (const Subject& subject : subjects) modes.push_back(subject.modes);
  const auto any = any_case(modes);
  Counts counts;
  const auto result = rc::detail::checkTestable(
      [&] {
        const Case one = *any;
        const Subject& subject = subjects[one.backend];
        RC_LOG() << subject.name << ", " << precision::mode(subject.modes[one.mode]).name << "\n";
        Run run(one, subject);
        for (const Step& step : one.steps) run.step(step);
        run.add_to(counts);
        if (!run.wrong().empty()) RC_FAIL(run.wrong());
      },
      rc::detail::TestMetadata{"DrawnModels", "drawn models"}, params_of(cases));
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << text.str();
  EXPECT_LE(counts.apart * 4, counts.compared);
  testing::Test::RecordProperty("tokens_compared", std::to_string(counts.compared));
  testing::Test::RecordProperty("with_another_expert", std::to_string(counts.others));
  testing::Test::RecordProperty("worst_of_allowed", std::to_string(counts.worst));
  testing::Test::RecordProperty("counted_apart", std::to_string(counts.apart));
}

}  // namespace nety::model::drawn
