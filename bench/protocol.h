// What a benchmark says to its workers and what they answer: one JSON object per line. The script
// that drives the user's own Python stack speaks it too, so it is kept plain.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/engine.h"
#include "core/base/error_kind.h"
#include "core/results/results.h"

namespace nety::bench {

/// What a worker can be asked, in the words of the protocol's "do".
enum class Action : uint8_t {
  kLoad,     ///< engine -> load_s, phases, facts of the model
  kWarmUp,   ///< n_prompt -> one prompt and two decode steps, untimed
  kPrefill,  ///< n_prompt -> seconds, product_rate
  kDecode,   ///< n_gen, depth -> seconds, gaps_s, bytes_per_token, read_bandwidth
  kStream,   ///< n_prompt, n_gen -> ttft_s, gaps_s, prompt_tokens
  kSlice,    ///< n_prompt or n_gen, depth, limit_s -> seconds, tokens, cpu_s, gaps_s (slices.h)
  kText,     ///< text -> tokens, windows: the text that kQuality will score
  kQuality,  ///< window, write or compare -> sums over the window's positions
  kAnswer,   ///< n_prompt, n_gen -> prompt_N, answer_N: greedy answers of another engine
  kJudge,    ///< text, answer -> same_top, nll: of its tokens, had this engine read the same
  kMemory,   ///< -> peaks so far
  kQuit,
};

/// The version of this protocol, which the answer to kLoad states ("protocol"). 1 does not state
/// it and has no slices; whoever asks has to know both.
inline constexpr int kSliceProtocol = 2, kProtocol = kSliceProtocol;

/// Of kStream: the most tokens of a prompt (a question with its system message), and the tokens
/// after which the first text has certainly shown: the longest character has four bytes.
inline constexpr int64_t kStreamPrompt = 128, kFirstTokens = 4;

/// Of kWarmUp: decode steps after its prompt, which the context has to hold as well.
inline constexpr int64_t kWarmUpSteps = 2;

struct Command {
  Action action = Action::kQuit;
  EngineRequest engine;  ///< kLoad
  uint64_t seed = 0;     ///< kLoad: of the random token ids
  int64_t n_prompt = 0, n_gen = 0, depth = 0;
  double limit_s = 0;           ///< kSlice: no further step of decode after so long; 0: no limit
  bool resume = false;          ///< kDecode: go on where the last one ended, `depth` tokens in
  bool probe = false;           ///< kPrefill, kDecode: measure the device's roofline, too
  std::string text;             ///< kText; kStream: the prompt itself, for a worker that has none
  std::string answer;           ///< kJudge: what another engine went on with after `text`
  std::vector<int32_t> tokens;  ///< kText: its ids, for a worker whose tokenizer may differ
  int64_t window = 0;           ///< kQuality: which
  std::string write, compare;   ///< kQuality: a file of reference distributions to make or to use
};

/// An answer, or progress before it. Numbers that were not finite arrive as NaN.
struct Reply {
  enum class Kind : uint8_t { kProgress, kDone, kFailed };
  Kind kind = Kind::kDone;
  std::map<std::string, double> numbers;  ///< kProgress: "done", "total"
  std::map<std::string, std::string> words;
  std::map<std::string, std::vector<double>> series;
  std::string label;                       ///< kProgress
  ErrorKind error = ErrorKind::kInternal;  ///< kFailed
  std::string what, hint;                  ///< kFailed

  double number(const std::string& key) const;     ///< NaN if there is none.
  std::string word(const std::string& key) const;  ///< Empty if there is none.
};

std::string to_line(const Command& command);
std::string to_line(const Reply& reply);
/// Error: kInternal for a line that is not a command, or not a reply, quoting its beginning.
Command parse_command(std::string_view line);
Reply parse_reply(std::string_view line);

/// The words and numbers of an answer to kLoad that name the model; the time that loading took is
/// not among them.
void put_model(Reply& reply, const results::Model& model);
results::Model model_of(const Reply& reply);

/// The answer that a command failed.
Reply failure(ErrorKind kind, std::string what, std::string hint);

}  // namespace nety::bench
