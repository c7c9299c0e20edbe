// nety-roofline: how near decode comes to the memory's speed and prefill to the arithmetic's.
// Slices of the work alternate with slices of plain reading of as many bytes by as many threads, so
// that neighbours who slow one slow the other; a share is the ratio within one pair.
//
//   nety-roofline --shape tinyllama-1.1b --modes fp32,int8,q4_k+q6_k (mode+head) [--head MODE]
//     [--pairs 15] [--slice-ms 60] [--depth N] [--prefill N] [--beside 1,2,4 [--pinned] [--company
//     COMMAND]] [--force]
//     [--threads N] [--isa I] [--kv T] [--compute T]: core/options/run_options.def
//
// --beside 1,2,4: how much of a fair share decode (or prefill of N) keeps beside so many busy
// loops. In each round of slices, idle and in each company, an arithmetic loop on as many threads
// that wait for nobody is slowed as a fair share is; the figure is one slowdown over the other.
// --pinned: the busy loops share one processor, as if it were slower than the others. --company: so
// many shells that run COMMAND again and again instead of loops, a compiler say.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <thread>

#include "bench/roofline/company.h"
#include "bench/roofline/machine_load.h"
#include "bench/roofline/peaks.h"
#include "bench/roofline/random_model.h"
#include "core/backends/native/native.h"
#include "core/base/error.h"
#include "core/checkpoint/shapes.h"
#include "core/engine/engine.h"
#include "core/measure/bandwidth.h"
#include "core/model/compute.h"
#include "core/model/footprint.h"
#include "core/options/run_options.h"
#include "core/policy/plan.h"

namespace nety::roofline {
namespace {

using Clock = std::chrono::steady_clock;
using precision::ModeId;

struct Options {
  std::string shape = "smollm2-135m", modes = "fp32,bf16,fp16,int8,nf4,q8_0,q4_0,q4_1", head,
              beside;
  options::RunOptions run{.threads = 2};
  int pairs = 15;
  double slice_s = 0.06;
  int64_t depth = 0, prefill = 0;
  Busyness busyness;
  bool force = false;

  int threads() const { return static_cast<int>(run.threads); }
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Median and the interval that holds it with 95 % confidence, by ranks.
struct Summary {
  double median, low, high;
};

Summary summary(std::vector<double> samples) {
  std::ranges::sort(samples);
  const auto n = static_cast<double>(samples.size());
  const auto rank = [&](double r) {
    return samples[static_cast<size_t>(std::clamp(r, 0.0, n - 1))];
  };
  const double spread = 0.98 * std::sqrt(n);
  return {rank(n / 2), rank(n / 2 - spread), rank(n / 2 + spread)};
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    parts.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

ModeId mode_named(const std::string& name) {
  const precision::Mode* mode = precision::find_mode(name);
  if (mode == nullptr) throw Error(ErrorKind::kUsage, "unknown mode '" + name + "'", "");
  return mode->id;
}

/// "q4_0+q8_0" is mode q4_0 with embedding and head in q8_0.
std::string mode_part(const std::string& name) { return name.substr(0, name.find('+')); }

/// The head given with the mode or for all, else the one that the mode names; a GGUF's is in its
/// own format.
ModeId head_of(const Options& options, const std::string& name, ModeId mode) {
  if (const size_t plus = name.find('+'); plus != std::string::npos)
    return mode_named(name.substr(plus + 1));
  if (!options.head.empty()) return mode_named(options.head);
  return precision::head_of(mode).value_or(mode);
}

std::vector<int32_t> some_tokens(int64_t count) {
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<int32_t>(i * 31 % 30000);
  return tokens;
}

class Round {
 public:
  Round(const Options& options, const std::string& name)
      : options_(options),
        name_(name),
        mode_(mode_named(mode_part(name))),
        backend_(native::make_backend(
            {.threads = options.threads(),
             .isa = options.run.isa,
             .device = {},
             .compute = model::compute_for(options.run.compute, precision::mode(mode_), false)},
            machine::host())),
        random_(checkpoint::find_shape(options.shape), mode_, head_of(options, name, mode_),
                *backend_),
        engine_(random_.model(), *backend_, {.context = context(), .kv = options.run.kv}),
        sequence_(engine_.open_sequence()) {}

  void decode();
  void prefill();
  void in_company();

 private:
  int64_t context() const { return std::max<int64_t>(options_.depth + 260, options_.prefill + 8); }
  /// Tokens one at a time for about a slice, from the wanted depth on.
  std::pair<int64_t, double> decode_slice() {
    sequence_.truncate(options_.depth);
    int64_t count = 0;
    const Clock::time_point start = Clock::now();
    do {
      const int32_t token = static_cast<int32_t>(count * 7919 % 30000);
      sequence_.feed(std::span(&token, 1));
      ++count;
    } while (seconds_since(start) < options_.slice_s && count < 256);
    return {count, seconds_since(start)};
  }

  /// Tokens per second of decode, or of the prompt, over a slice or longer.
  double rate_of_work();

  const Options& options_;
  std::string name_;
  ModeId mode_;
  std::unique_ptr<model::Backend> backend_;
  RandomModel random_;
  engine::Engine engine_;
  engine::Sequence sequence_;
};

void Round::decode() {
  const model::Footprint weights = model::footprint(random_.model());
  const uint64_t bytes =
      weights.per_token_bytes +
      model::kv_bytes_read(random_.model().config, options_.depth, options_.run.kv);
  measure::BandwidthProbe probe(options_.threads(), bytes);
  if (options_.depth > 0) {
    sequence_.feed(some_tokens(options_.depth));
  }
  const auto read = [&] {
    double best_passes = 0, taken = 0;
    const Clock::time_point start = Clock::now();
    do {
      probe.pass(bytes);
      best_passes += static_cast<double>(bytes);
    } while ((taken = seconds_since(start)) < options_.slice_s);
    return best_passes / taken;
  };
  decode_slice(), read();
  std::vector<double> shares, rates, reads;
  double before = read();
  for (int i = 0; i < options_.pairs; ++i) {
    const auto [count, taken] = decode_slice();
    const double after = read();
    rates.push_back(static_cast<double>(count) / taken);
    reads.push_back((before + after) / 2);
    shares.push_back(rates.back() * static_cast<double>(bytes) / reads.back());
    before = after;
  }
  const Summary share = summary(shares), rate = summary(rates), wall = summary(reads);
  fmt::print(
      "{:10} decode @{:<5} {:8.1f} tok/s  {:6.1f} MB/token  {:5.1f} of {:5.1f} GB/s  share "
      "{:.3f} [{:.3f}, {:.3f}]  {}\n",
      name_, options_.depth, rate.median, static_cast<double>(bytes) / 1e6,
      rate.median * static_cast<double>(bytes) / 1e9, wall.median / 1e9, share.median, share.low,
      share.high, backend_->kernel(mode_));
  std::fflush(stdout);
}

void Round::prefill() {
  const std::vector<int32_t> prompt = some_tokens(options_.prefill);
  const double per_token = policy::flops_per_token(policy::weights_of(random_.model().config));
  const std::string kernel = backend_->kernel(mode_);
  const std::string_view type = peak_type(kernel);
  sequence_.feed(prompt);
  std::vector<double> rates, shares;
  for (int i = 0; i < options_.pairs; ++i) {
    sequence_.truncate(0);
    const double peak = peak_ops(type, options_.threads(), machine::host());
    const Clock::time_point start = Clock::now();
    sequence_.feed(prompt);
    rates.push_back(static_cast<double>(prompt.size()) / seconds_since(start));
    shares.push_back(rates.back() * per_token / peak);
  }
  const Summary share = summary(shares), rate = summary(rates);
  fmt::print(
      "{:10} pp{:<10} {:8.1f} tok/s  {:7.1f} G{}/s of {} peak, share {:.3f} [{:.3f}, {:.3f}]  {}\n",
      name_, options_.prefill, rate.median, rate.median * per_token / 1e9,
      type.starts_with("fp32") || type == "bf16" ? "FLOP" : "OP", type, share.median, share.low,
      share.high, kernel);
  std::fflush(stdout);
}

double Round::rate_of_work() {
  const std::vector<int32_t> prompt = some_tokens(options_.prefill);
  double tokens = 0, taken = 0;
  while (taken < options_.slice_s) {
    const Clock::time_point start = Clock::now();
    if (prompt.empty()) {
      tokens += static_cast<double>(decode_slice().first);
    } else {
      sequence_.truncate(0);
      sequence_.feed(prompt);
      tokens += static_cast<double>(prompt.size());
    }
    taken += seconds_since(start);
  }
  return tokens / taken;
}

void Round::in_company() {
  std::vector<int> companies = {0};
  for (const std::string& count : split(options_.beside)) companies.push_back(std::stoi(count));
  if (options_.prefill == 0 && options_.depth > 0) sequence_.feed(some_tokens(options_.depth));
  rate_of_work();
  const size_t some = companies.size();
  std::vector<std::vector<double>> rates(some), left(some), kept(some), shares(some);
  for (int round = 0; round < options_.pairs; ++round) {
    for (size_t i = 0; i < some; ++i) {
      const BusyLoops loops(companies[i], options_.busyness);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      // Half of the loop before, half after: what drifts slows both.
      const double before = unsynchronised_rate(options_.threads(), options_.slice_s / 2);
      rates[i].push_back(rate_of_work());
      const double after = unsynchronised_rate(options_.threads(), options_.slice_s / 2);
      left[i].push_back((before + after) / 2);
      kept[i].push_back(rates[i].back() / rates[0].back());
      shares[i].push_back(kept[i].back() * left[0].back() / left[i].back());
    }
  }
  const double idle_loop = summary(left[0]).median;
  for (size_t i = 0; i < some; ++i) {
    for (double& loop : left[i]) loop /= idle_loop;
    const Summary share = summary(shares[i]), of = summary(left[i]);
    fmt::print(
        "{:10} {} beside {}{}: {:8.1f} tok/s, {:.3f} of idle, loop {:.3f} [{:.3f}, {:.3f}], of the "
        "fair share {:.3f} [{:.3f}, {:.3f}]\n",
        name_, options_.prefill > 0 ? fmt::format("pp{}", options_.prefill) : "decode",
        companies[i], options_.busyness.pinned ? " on one processor" : "", summary(rates[i]).median,
        summary(kept[i]).median, of.median, of.low, of.high, share.median, share.low, share.high);
  }
  std::fflush(stdout);
}

Options parse(int count, char** words) {
  Options options;
  std::map<std::string, std::string> given;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--force") {
      options.force = true;
    } else if (word == "--pinned") {
      options.busyness.pinned = true;
    } else if (word.starts_with("--") && i + 1 < count) {
      given[word] = words[++i];
    } else {
      throw Error(ErrorKind::kUsage, "unexpected '" + word + "'", "main.cpp lists the options.");
    }
  }
  const auto text = [&](const std::string& name, std::string& value) {
    if (given.contains(name)) value = given[name];
    given.erase(name);
  };
  const auto number = [&](const char* name, auto& value) {
    if (given.contains(name))
      value = static_cast<std::remove_reference_t<decltype(value)>>(std::stod(given[name]));
    given.erase(name);
  };
  double slice_ms = options.slice_s * 1e3;
  text("--shape", options.shape), text("--modes", options.modes);
  text("--head", options.head), text("--beside", options.beside);
  text("--company", options.busyness.command);
  number("--pairs", options.pairs);
  number("--slice-ms", slice_ms), number("--depth", options.depth);
  number("--prefill", options.prefill);
  options::visit(options.run, [&](const options::OptionRow& row, auto& value) {
    std::string word = options::text_of(value);
    if (!row.has(options::kCondition) || row.name == options::rows::head.name) return;
    text(std::string(row.flag), word);
    if (!options::read_text(word, value))
      throw Error(ErrorKind::kUsage, fmt::format("{}: '{}' is no value", row.flag, word), "");
  });
  if (!given.empty())
    throw Error(ErrorKind::kUsage, "unknown option " + given.begin()->first,
                "main.cpp lists the options.");
  options.slice_s = slice_ms / 1e3;
  options.pairs = std::max(options.pairs, 1);
  return options;
}

void run(const Options& options) {
  if (const std::string why = why_not_quiet(0.5); !why.empty()) {
    if (!options.force)
      throw Error(ErrorKind::kEnvironment, "not quiet enough to measure: " + why,
                  "Stop other programs, or give --force and do not quote the numbers.");
    fmt::print("NOT QUIET: {}\n", why);
  }
  fmt::print("{}, {} threads, {} pairs of {:.0f} ms\n", options.shape, options.threads(),
             options.pairs, options.slice_s * 1e3);
  for (const std::string& name : split(options.modes)) {
    Round round(options, name);
    if (!options.beside.empty())
      round.in_company();
    else if (options.prefill > 0)
      round.prefill();
    else
      round.decode();
  }
}

}  // namespace
}  // namespace nety::roofline

int main(int count, char** words) {
  try {
    nety::roofline::run(nety::roofline::parse(count, words));
    return 0;
  } catch (const nety::Error& error) {
    fmt::print(stderr, "nety-roofline: {}\n{}\n", error.what(), error.hint());
    return nety::exit_code(error.kind());
  } catch (const std::exception& error) {
    fmt::print(stderr, "nety-roofline: {}\n", error.what());
    return 1;
  }
}
