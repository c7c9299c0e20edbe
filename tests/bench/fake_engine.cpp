#include "fake_engine.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>
#include <thread>

#include "core/base/error.h"
#include "tests/machine/control_group.h"

namespace nety::bench {
namespace {

void pause_ms(double milliseconds) {
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(milliseconds));
}

/// Takes memory until the system refuses it, as under `ulimit -v`.
void grow() {
  // An address sanitizer has the address space already and ends the program for less.
  if (::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr) throw std::bad_alloc();
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = rlim_t{1} << 30;
  ::setrlimit(RLIMIT_AS, &limit);
  std::vector<std::vector<char>> taken;
  for (;;) taken.emplace_back(size_t{64} << 20);
}

/// Takes memory in a control group with less of it, until the kernel kills this process.
void outgrow_control_group() {
  const char* const door = std::getenv("NETY_TEST_CONTROL_GROUP");
  if (door == nullptr || !machine::write_control(door, "0\n"))
    throw Error(ErrorKind::kInternal, "not in the control group");
  constexpr size_t kPiece = size_t{4} << 20;
  std::vector<std::vector<char>> taken;
  // A limit that does not hold ends here, and not at the machine's last page.
  while (taken.size() * kPiece < size_t{1} << 30) taken.emplace_back(kPiece, '\1');
}

class FakeEngine : public Engine {
 public:
  explicit FakeEngine(const EngineRequest& request, double slower = 1)
      : request_(request), mode_(request.run.mode), slower_(slower) {}

  LoadReport load(Progress& progress) override {
    if (mode_ == "too_big") throw Error(ErrorKind::kMemory, "needs 29.0 GB of 22.1 GB");
    if (mode_ == "bad_alloc") throw std::bad_alloc();
    if (mode_ == "unsupported") throw Error(ErrorKind::kUsage, "fake has no such mode");
    if (mode_ == "broken") throw Error(ErrorKind::kCheckpoint, "x.gguf: truncated");
    progress.begin("Loading weights", 3);
    for (int i = 1; i <= 3; ++i) progress.advance(i);
    // Longer than any test waits, and never silent.
    for (int i = 0; mode_ == "slow_load" && i < 10000; ++i) {
      pause_ms(100);
      progress.advance(2);
    }
    progress.end();
    LoadReport report;
    report.model = {"fake-1", "Fake", request_.model, "gguf", "llama", "Q4_1 x 3", 1000, 4000};
    report.device = "cpu";
    report.isa = "scalar";
    report.kernel = "fake " + mode_;
    report.threads = static_cast<int>(request_.run.threads);
    report.flops_per_token = 1e6;
    report.activation = "fp32";
    report.phases_s = {{"read", 0.001}, {"convert", 0.002}};
    report.cached_share = 1;
    report.weights_bytes = mode_ == "fp32" ? 4000 : 2000;
    report.kv_bytes = 256;
    report.vocab = kFakeVocab;
    report.context = request_.run.context;
    return report;
  }

  void reset() override { length_ = 0; }
  void rewind(int64_t length) override { length_ = std::min(length_, length); }
  void prefill(std::span<const int32_t> tokens) override {
    if (mode_ == "throws") throw Error(ErrorKind::kInternal, "prefill is not possible");
    hold(static_cast<int64_t>(tokens.size()));
    pause_ms(0.01 * static_cast<double>(tokens.size()));
  }
  void decode(int32_t /*token*/) override {
    if (mode_ == "abort") std::abort();
    if (mode_ == "kill") ::raise(SIGKILL);
    if (mode_ == "grow") grow();
    if (mode_ == "outgrow") outgrow_control_group();
    if (mode_ == "hang") pause_ms(1e6);
    if (mode_ == "quiet_exit") ::_exit(0);
    if (mode_ == "garbage") {
      const char text[] = "\x01 not a reply\n";
      if (::write(STDOUT_FILENO, text, sizeof text - 1) < 0) std::abort();
    }
    hold(1);
    pause_ms(slower_ * (mode_ == "fp32" ? 2 : 1));
  }
  std::span<const float> logits(std::span<const int32_t> tokens) override {
    if (mode_ == "slow_text") pause_ms(1000);
    logits_.resize(tokens.size() * kFakeVocab);
    for (size_t t = 0; t < tokens.size(); ++t)
      for (int64_t v = 0; v < kFakeVocab; ++v)
        logits_[t * kFakeVocab + static_cast<size_t>(v)] = logit(tokens[t], v);
    hold(static_cast<int64_t>(tokens.size()));
    ++runs_;
    return logits_;
  }
  int64_t stream(std::string_view prompt, int64_t n_gen, const OnToken& on_token) override {
    reset();
    const auto n_prompt = static_cast<int64_t>(encode(prompt).size());
    hold(n_prompt);
    for (int64_t i = 0; i < n_gen; ++i) {
      pause_ms(1);
      on_token(i == 0 ? "" : "x");  // the first token is half a character
      if (i + 1 < n_gen) hold(1);
    }
    return n_prompt;
  }
  std::vector<int32_t> encode(std::string_view text) override {
    std::vector<int32_t> ids;
    for (const char c : text) ids.push_back(static_cast<unsigned char>(c) % kFakeVocab);
    return ids;
  }
  std::string text_of(std::span<const int32_t> tokens) override {
    return std::string(tokens.size(), 'a');
  }
  uint64_t bytes_per_token(int64_t depth) const override {
    return (mode_ == "fp32" ? 4000 : 2000) + static_cast<uint64_t>(depth);
  }

 private:
  /// As a real one, it has no more positions than it was asked for.
  void hold(int64_t more) {
    if (length_ + more > request_.run.context)
      throw Error(ErrorKind::kUsage, "more tokens than the context has");
    length_ += more;
  }

  float logit(int32_t token, int64_t v) const {
    const double base = std::sin(0.7 * token + 1.3 * static_cast<double>(v)) * 3;
    if (mode_ == "nan" && v == 7) return std::numeric_limits<float>::quiet_NaN();
    if (mode_ == "bf16") return static_cast<float>(base + 0.01 * std::cos(static_cast<double>(v)));
    if (mode_ == "far") return static_cast<float>(base + 2 * std::cos(5 * static_cast<double>(v)));
    if (mode_ == "drift") return static_cast<float>(base + 1e-3 * runs_);
    return static_cast<float>(base);
  }

  EngineRequest request_;
  std::string mode_;
  double slower_;
  std::vector<float> logits_;
  int64_t length_ = 0;
  int runs_ = 0;
};

}  // namespace

std::unique_ptr<Engine> make_fake_engine(const EngineRequest& request) {
  return std::make_unique<FakeEngine>(request);
}

std::unique_ptr<Engine> make_slower_fake_engine(const EngineRequest& request) {
  return std::make_unique<FakeEngine>(request, 1.5);
}

}  // namespace nety::bench
