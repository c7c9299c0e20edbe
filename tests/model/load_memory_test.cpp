// Quantising at load takes the result and a few chunks, not the source as well.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/checkpoint/made_files.h"
#include "tests/model/golden.h"

namespace nety::model {
namespace {

/// A line of /proc/self/status in bytes: "VmHWM", "VmRSS".
int64_t status_bytes(const std::string& key) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with(key + ":")) return std::stoll(line.substr(key.size() + 1)) * 1024;
  return 0;
}

/// Starts the peak anew; false where the system does not allow it.
bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

TEST(Loading, TakesTheResultAndAFewChunks) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "not run: a sanitizer has memory of its own";
#endif
  checkpoint::TinyModel tiny;
  tiny.dim = 512;
  tiny.heads = 8;
  tiny.kv_heads = 4;
  tiny.head_dim = 64;
  tiny.ffn = 1536;
  tiny.layers = 4;
  tiny.vocab = 512;
  checkpoint::TempFolder folder;
  tiny.write(folder);
  const auto checkpoint = checkpoint::Checkpoint::open(folder.path());
  const auto backend = native_backend();
  for (const char* mode : {"bf16", "int8", "nf4", "nf4-dq"}) {
    if (!reset_peak()) GTEST_SKIP() << "not run: the peak cannot be reset here";
    const int64_t before = status_bytes("VmRSS");
    const Model model =
        load_model(checkpoint, *backend, {.mode = precision::find_mode(mode)->id, .head = {}},
                   silent_progress());
    const int64_t more = status_bytes("VmHWM") - before;
    // One matrix of the source, as its pages are given back matrix by matrix, and a few chunks.
    const int64_t largest = 4 * tiny.ffn * tiny.dim;
    constexpr int64_t kChunks = 4'000'000;
    EXPECT_LE(more, static_cast<int64_t>(model.owned_bytes()) + largest + kChunks) << mode;
    EXPECT_GT(static_cast<int64_t>(checkpoint.weight_bytes()), 4 * (largest + kChunks))
        << "too small a model to tell";
  }
}

}  // namespace
}  // namespace nety::model
