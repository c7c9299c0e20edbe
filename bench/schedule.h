// Whose slice is next, and when a question is answered: measuring as an allocation problem. What is
// undecided and matters most gets the next turn; what is beaten beyond doubt gets no more. Pure:
// nothing is measured here, so that tests can put a simulated machine of known truth in its place.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "bench/slices.h"

namespace nety::bench {

inline constexpr int kEveryRank = std::numeric_limits<int>::max();

/// "Does `candidate` run at more than `threshold` times the rate of `against`?" Indices are of
/// contenders: configurations that are measured by slices.
struct Question {
  size_t candidate = 0, against = 0;
  SliceKind kind = SliceKind::kDecode;
  double threshold = 1;
  int rank = 0;         ///< Lower ones first; a higher one gets what they leave.
  bool choice = false;  ///< Asked only because the candidate could be a better choice.
};

enum class Answer : uint8_t {
  kOpen,
  kAbove,  ///< The interval of the ratio is above the threshold.
  kBelow,
  kMoot,  ///< Nobody needs the answer any more, or nobody can give it.
};

/// What a contender costs, in seconds and bytes; as expected until it is known.
struct Cost {
  double load_s = 0;                ///< 0 once it is loaded.
  std::array<double, 2> slice_s{};  ///< By SliceKind, as expected.
  uint64_t bytes = 0;
};

/// One slice of a turn.
struct Turn {
  struct Part {
    size_t contender;
    SliceKind kind;
    int64_t turn;  ///< What it pairs with: the slices of the same turn.
  };
  std::vector<Part> parts;  ///< In this order.
  double seconds = 0;       ///< As expected, loads included.
  /// Its contenders do not fit in memory together: they are loaded one after the other.
  bool apart = false;
};

/// What a question still needs.
struct Doubt {
  size_t question = 0;
  std::optional<double> seconds;  ///< About; none: more time than anyone has.
};

struct Forecast {
  double needed_s = 0;          ///< For everything that can be answered in the time left.
  std::vector<Doubt> too_long;  ///< What cannot, by itself.
};

/// How far to go for answers.
enum class Effort : uint8_t {
  kFirst,  ///< Until every question has the fewest pairs that have an interval.
  kSure,   ///< Only for what can be answered in the time left.
  kAll,
};

class Schedule {
 public:
  /// `limit`: bytes that loaded contenders may use together; 0: no limit.
  Schedule(std::vector<Cost> costs, std::vector<Question> questions, uint64_t limit = 0);

  /// The next turn that ends within `left_s`; nothing: there is none, or nothing to ask.
  std::optional<Turn> next(double left_s, int highest_rank = kEveryRank,
                           Effort effort = Effort::kAll);
  /// A prefill and a decode of each, to find out what they cost.
  Turn opening(const std::vector<size_t>& contenders);

  /// A slice was taken.
  void add(const Turn::Part& part, double rate, double seconds);
  /// What it will cost, as far as anyone knows before it has been loaded.
  void expect(size_t contender, const Cost& cost);
  /// Loaded, or not any more: then it costs `load_s` again.
  void loaded(size_t contender, double load_s, uint64_t bytes);
  void unloaded(size_t contender);
  /// It failed: nothing more is asked about it.
  void drop(size_t contender);
  /// Too far from the reference to be a choice: what was asked for that reason is moot.
  void refute(size_t contender);
  /// A better choice than `contender` is known: others need not be compared with it.
  void overtaken(size_t contender);
  /// The contender's figures shall have so many samples of that kind, once no question of `rank` or
  /// below needs the time.
  void want(size_t contender, SliceKind kind, int64_t samples, int rank);

  const std::vector<Question>& questions() const { return questions_; }
  Answer answer(size_t question) const;
  /// Whether anything is still wanted of it.
  bool needed(size_t contender) const;
  /// Whether an open question about it is so near its threshold that the place of one process's
  /// pages in memory could decide it: then fresh processes should take part.
  bool is_close_call(size_t contender) const;
  bool is_loaded(size_t contender) const { return contenders_[contender].loaded; }
  int64_t samples(size_t contender, SliceKind kind) const;
  /// The median rate so far; 0: none.
  double rate(size_t contender, SliceKind kind) const;
  const Cost& cost(size_t contender) const { return contenders_[contender].cost; }
  Forecast forecast(double left_s) const;

 private:
  struct Contender {
    Cost cost;
    double first_load_s = 0;
    bool loaded = false, dropped = false;
    std::array<std::vector<int64_t>, 2> turns;
    std::array<std::vector<double>, 2> rates, seconds;
    std::array<int64_t, 2> wanted{};
    std::array<int, 2> wish_rank{};
  };
  /// What would answer a question, or grant a wish (one contender): so many slices of each.
  struct Need {
    size_t question = 0;
    SliceKind kind = SliceKind::kDecode;
    std::vector<size_t> contenders;
    int64_t slices = 0;
    int rank = 0;
    bool hopeless = false, wish = false;
    bool begun = false;  ///< There are pairs enough for an interval.
    double seconds = 0;
    size_t loads = 0;  ///< Contenders that are not loaded.
  };
  /// Needs that are met together: the most slices of any of them, by contender and kind.
  class Union;

  std::vector<double> logs_of(const Question& question) const;
  std::vector<Need> needs() const;
  void estimate(Need& need) const;
  double slice_s(size_t contender, SliceKind kind) const;
  Turn turn_of(const Union& together);

  std::vector<Contender> contenders_;
  std::vector<Question> questions_;
  std::vector<bool> moot_;
  uint64_t limit_;
  int64_t turns_ = 0;
};

}  // namespace nety::bench
