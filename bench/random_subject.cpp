#include "bench/random_subject.h"

#include <algorithm>
#include <span>

#include "core/backends/native/native.h"
#include "core/machine/machine.h"
#include "core/measure/stopwatch.h"
#include "core/model/footprint.h"

namespace nety::bench {
namespace {

constexpr int64_t kMostTokens = 256;  // of a slice

/// Ids that any vocabulary of the catalogue has.
int32_t token(const model::Model& model, int64_t number, int64_t step) {
  return static_cast<int32_t>(number * step % std::min<int64_t>(30000, model.config.vocab));
}

}  // namespace

std::string_view multiplied_type(std::string_view kernel) {
  if (kernel.find("bf16_avx512bf16") != std::string_view::npos) return "bf16";
  if (kernel.find("integer") != std::string_view::npos || kernel.starts_with("packed"))
    return "int8";
  return "fp32";
}

RandomSubject::RandomSubject(const checkpoint::ModelConfig& config, const SubjectOptions& options)
    : options_(options),
      backend_(native::make_backend(options.backend, machine::host())),
      random_(config, options.mode, options.head, *backend_),
      engine_(random_.model(), *backend_, {.context = options.context, .kv = options.kv}),
      sequence_(engine_.open_sequence()) {}

double RandomSubject::decode(int64_t depth, double seconds) {
  sequence_.truncate(depth);
  int64_t count = 0;
  const measure::Stopwatch watch;
  do {
    const int32_t next = token(model(), count, 7919);
    sequence_.feed(std::span(&next, 1));
    ++count;
  } while (watch.seconds() < seconds && count < kMostTokens);
  return static_cast<double>(count) / watch.seconds();
}

double RandomSubject::read_prompt(int64_t tokens) {
  prompt_.resize(static_cast<size_t>(tokens));
  for (size_t i = 0; i < prompt_.size(); ++i)
    prompt_[i] = token(model(), static_cast<int64_t>(i), 31);
  sequence_.truncate(0);
  const measure::Stopwatch watch;
  sequence_.feed(prompt_);
  return watch.seconds();
}

uint64_t RandomSubject::token_bytes(int64_t depth) const {
  return model::footprint(model()).per_token_bytes +
         model::kv_bytes_read(model().config, depth, options_.kv);
}

std::vector<DecodePair> decode_pairs(RandomSubject& subject, measure::BandwidthProbe& probe,
                                     uint64_t bytes, const PairOptions& options) {
  const measure::ReadPattern pattern = probe.fastest(bytes, 3);
  const auto read = [&] {
    double read_bytes = 0;
    const measure::Stopwatch watch;
    do {
      probe.pass(bytes, pattern);
      read_bytes += static_cast<double>(std::min(bytes, probe.largest_bytes()));
    } while (watch.seconds() < options.slice_s);
    return read_bytes / watch.seconds();
  };
  if (options.depth > 0) subject.read_prompt(options.depth);
  subject.decode(options.depth, options.slice_s), read();
  std::vector<DecodePair> pairs;
  double before = read();
  for (int i = 0; i < options.pairs; ++i) {
    const double rate = subject.decode(options.depth, options.slice_s);
    const double after = read();
    pairs.push_back({rate, (before + after) / 2});
    before = after;
  }
  return pairs;
}

}  // namespace nety::bench
