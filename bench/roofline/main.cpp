// nety-roofline: how near decode comes to the memory's speed and prefill to the arithmetic's.
// Slices of the work alternate with slices of plain reading of as many bytes by as many threads, so
// that neighbours who slow one slow the other; a share is the ratio within one pair.
//
//   nety-roofline --shape tinyllama-1.1b --modes fp32,int8,q4_k+q6_k (mode+head) [--head MODE]
//     [--pairs 15] [--slice-ms 60] [--depth N] [--prefill N] [--both] [--beside 1,2,4
//     [--pinned] [--company COMMAND]] [--force]
//     [--predict FILE]: a calibration of nety which, whose prediction is printed beside
//     [--threads N] [--isa I] [--kv T] [--compute T]: core/options/run_options.def
//
// --beside 1,2,4: how much of a fair share decode (or prefill of N) keeps beside so many busy
// loops. In each round of slices, idle and in each company, an arithmetic loop on as many threads
// that wait for nobody is slowed as a fair share is; the figure is one slowdown over the other.
// --pinned: the busy loops share one processor, as if it were slower than the others. --company: so
// many shells that run COMMAND again and again instead of loops, a compiler say.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <thread>

#include "bench/machine_load.h"
#include "bench/random_subject.h"
#include "bench/roofline/company.h"
#include "bench/roofline/peaks.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/checkpoint/shapes.h"
#include "core/measure/calibration.h"
#include "core/model/compute.h"
#include "core/options/run_options.h"
#include "core/policy/counted_weights.h"
#include "core/policy/plan.h"
#include "core/policy/prediction.h"

namespace nety::roofline {
namespace {

using precision::ModeId;

struct Options {
  std::string shape = "smollm2-135m", modes = "fp32,bf16,fp16,int8,nf4,q8_0,q4_0,q4_1", head;
  std::string predict, beside;
  options::RunOptions run{.threads = 2};
  int pairs = 15;
  double slice_s = 0.06;
  int64_t depth = 0, prefill = 0;
  Busyness busyness;
  bool force = false, both = false;

  int threads() const { return static_cast<int>(run.threads); }
};

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

/// What the calibration says of a mode, given what reading reached just now; nothing without one.
std::optional<policy::Prediction> predicted(const Options& options,
                                            const bench::RandomSubject& subject,
                                            const bench::SubjectOptions& made,
                                            std::optional<double> read_bytes_per_s) {
  if (options.predict.empty()) return std::nullopt;
  const measure::Calibration calibration =
      measure::calibration_from_json(read_file(options.predict), options.predict);
  const checkpoint::ModelConfig& config = subject.model().config;
  std::vector<policy::PlannedWeight> weights = policy::counted_weights_of(config);
  for (policy::PlannedWeight& weight : weights)
    weight.stored = weight.role() == policy::Role::kMatrix      ? made.mode
                    : weight.role() == policy::Role::kEmbedding ? made.head
                                                                : ModeId::fp32;
  policy::PlanOptions plan;
  plan.run = options.run;
  plan.run.context = made.context;
  return policy::predict(config, weights, std::nullopt, std::nullopt,
                         policy::plan(config, weights, std::nullopt, plan), calibration,
                         {.prompt = std::max<int64_t>(options.prefill, 1),
                          .depth = options.depth,
                          .read_bytes_per_s = read_bytes_per_s});
}

/// "  predicted 12.1 given the reading, 12.4 [10.0, 14.5] without"
std::string beside(const std::optional<policy::Estimate>& given,
                   const std::optional<policy::Estimate>& without) {
  if (!given || !without) return "";
  return fmt::format("  predicted {:.2f} given the reading, {:.2f} [{:.2f}, {:.2f}] without",
                     given->value, without->value, without->low, without->high);
}

void print_decode(const Options& options, const std::string& name, bench::RandomSubject& subject,
                  const bench::SubjectOptions& made) {
  const uint64_t bytes = subject.token_bytes(options.depth);
  // Past any cache more bytes read no faster, and a large model leaves no room for as many.
  measure::BandwidthProbe probe(options.threads(), std::min(bytes, uint64_t{2} << 30));
  std::vector<double> shares, rates, reads;
  for (const bench::DecodePair& pair : bench::decode_pairs(
           subject, probe, bytes,
           {.pairs = options.pairs, .slice_s = options.slice_s, .depth = options.depth})) {
    rates.push_back(pair.tokens_per_s);
    reads.push_back(pair.read_bytes_per_s);
    shares.push_back(pair.share(bytes));
  }
  const Summary share = summary(shares), rate = summary(rates), wall = summary(reads);
  std::string prediction;
  if (const auto given = predicted(options, subject, made, wall.median))
    prediction = beside(given->decode_tps, predicted(options, subject, made, {})->decode_tps);
  fmt::print(
      "{:10} decode @{:<5} {:8.1f} tok/s  {:6.1f} MB/token  {:5.1f} of {:5.1f} GB/s  share "
      "{:.3f} [{:.3f}, {:.3f}]  {}{}\n",
      name, options.depth, rate.median, static_cast<double>(bytes) / 1e6,
      rate.median * static_cast<double>(bytes) / 1e9, wall.median / 1e9, share.median, share.low,
      share.high, subject.backend().kernel(made.mode), prediction);
  std::fflush(stdout);
}

void print_prefill(const Options& options, const std::string& name, bench::RandomSubject& subject,
                   const bench::SubjectOptions& made) {
  const double per_token = policy::flops_per_token(policy::weights_of(subject.model().config));
  const std::string kernel = subject.backend().kernel(made.mode);
  const std::string_view type = peak_type(kernel);
  subject.read_prompt(options.prefill);
  std::vector<double> rates, shares;
  for (int i = 0; i < options.pairs; ++i) {
    const double peak = peak_ops(type, options.threads(), machine::host());
    rates.push_back(static_cast<double>(options.prefill) / subject.read_prompt(options.prefill));
    shares.push_back(rates.back() * per_token / peak);
  }
  const Summary share = summary(shares), rate = summary(rates);
  std::string prediction;
  if (const auto found = predicted(options, subject, made, {}))
    prediction = beside(found->prefill_tps, found->prefill_tps);
  fmt::print(
      "{:10} pp{:<10} {:8.1f} tok/s  {:7.1f} G{}/s of {} peak, share {:.3f} [{:.3f}, {:.3f}]  "
      "{}{}\n",
      name, options.prefill, rate.median, rate.median * per_token / 1e9,
      type.starts_with("fp32") || type == "bf16" ? "FLOP" : "OP", type, share.median, share.low,
      share.high, kernel, prediction);
  std::fflush(stdout);
}

/// Tokens per second of decode, or of the prompt, over a slice or longer.
double rate_of_work(const Options& options, bench::RandomSubject& subject) {
  if (options.prefill == 0) return subject.decode(options.depth, options.slice_s);
  double tokens = 0, taken = 0;
  while (taken < options.slice_s) {
    taken += subject.read_prompt(options.prefill);
    tokens += static_cast<double>(options.prefill);
  }
  return tokens / taken;
}

void print_in_company(const Options& options, const std::string& name,
                      bench::RandomSubject& subject) {
  std::vector<int> companies = {0};
  for (const std::string& count : split(options.beside)) companies.push_back(std::stoi(count));
  if (options.prefill == 0 && options.depth > 0) subject.read_prompt(options.depth);
  rate_of_work(options, subject);
  const size_t some = companies.size();
  std::vector<std::vector<double>> rates(some), left(some), kept(some), shares(some);
  for (int round = 0; round < options.pairs; ++round) {
    for (size_t i = 0; i < some; ++i) {
      const BusyLoops loops(companies[i], options.busyness);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      // Half of the loop before, half after: what drifts slows both.
      const double before = unsynchronised_rate(options.threads(), options.slice_s / 2);
      rates[i].push_back(rate_of_work(options, subject));
      const double after = unsynchronised_rate(options.threads(), options.slice_s / 2);
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
        name, options.prefill > 0 ? fmt::format("pp{}", options.prefill) : "decode", companies[i],
        options.busyness.pinned ? " on one processor" : "", summary(rates[i]).median,
        summary(kept[i]).median, of.median, of.low, of.high, share.median, share.low, share.high);
  }
  std::fflush(stdout);
}

void print_mode(const Options& options, const std::string& name) {
  const ModeId mode = mode_named(mode_part(name));
  const bench::SubjectOptions made{
      .mode = mode,
      .head = head_of(options, name, mode),
      .backend = {.threads = options.threads(),
                  .isa = options.run.isa,
                  .device = {},
                  .compute = model::compute_for(options.run.compute, precision::mode(mode), false)},
      .context = std::max<int64_t>(options.depth + 260, options.prefill + 8),
      .kv = options.run.kv};
  bench::RandomSubject subject(checkpoint::find_shape(options.shape), made);
  if (!options.beside.empty()) return print_in_company(options, name, subject);
  if (options.prefill == 0 || options.both) print_decode(options, name, subject, made);
  if (options.prefill > 0) print_prefill(options, name, subject, made);
}

Options parse(int count, char** words) {
  Options options;
  std::map<std::string, std::string> given;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--force") {
      options.force = true;
    } else if (word == "--both") {
      options.both = true;
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
  text("--head", options.head), text("--predict", options.predict);
  text("--beside", options.beside), text("--company", options.busyness.command);
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
  if (const std::string why = bench::why_not_quiet(0.5); !why.empty()) {
    if (!options.force)
      throw Error(ErrorKind::kEnvironment, "not quiet enough to measure: " + why,
                  "Stop other programs, or give --force and do not quote the numbers.");
    fmt::print("NOT QUIET: {}\n", why);
  }
  fmt::print("{}, {} threads, {} pairs of {:.0f} ms\n", options.shape, options.threads(),
             options.pairs, options.slice_s * 1e3);
  for (const std::string& name : split(options.modes)) print_mode(options, name);
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
