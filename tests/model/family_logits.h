// Logits of the tiny models of tests/data/families against those of transformers, on any backend.
#pragma once

#include <algorithm>

#include "tests/model/golden.h"

namespace nety::model {

/// That of the vectors: changing each weight by 3e-6 of itself moves these logits by up to 6e-4.
inline constexpr float kFamilyTolerance = 2e-3F;

/// The families' cases that have a file of that name.
inline std::vector<std::string> family_cases(const char* file = "model.safetensors") {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test_data("families")))
    if (entry.is_directory() && std::filesystem::exists(entry.path() / file))
      names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// The cases that are a file of quantised weights alone.
inline std::vector<std::string> stored_file_cases() {
  std::vector<std::string> names = family_cases("model.gguf");
  std::erase_if(names, [](const std::string& name) { return !name.starts_with("quant-"); });
  return names;
}

inline std::string family_case_name(const testing::TestParamInfo<std::string>& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// The model reads the tokens of the case `name` at once, or one by one, in fp32. `suffix`: of the
/// tensors' names in expected.safetensors.
inline void expect_case_logits(const std::filesystem::path& model, const std::string& name,
                               std::unique_ptr<Backend> backend, const std::string& suffix = {},
                               bool one_by_one = false) {
  const std::filesystem::path folder = test_data("families") / name;
  const auto wide = read_tensor<int64_t>(folder / "expected.safetensors", "input_ids" + suffix);
  const std::vector<int32_t> tokens(wide.begin(), wide.end());
  const auto want = read_tensor<float>(folder / "expected.safetensors", "logits" + suffix);
  const Ready ready = make_ready(model, std::move(backend), {precision::ModeId::fp32, {}});
  engine::Engine engine(*ready.model, *ready.backend, {.context = 256, .logit_rows = 256});
  engine::Sequence sequence = engine.open_sequence();
  const size_t step = one_by_one ? 1 : tokens.size();
  const auto vocab = static_cast<size_t>(ready.model->config.vocab);
  ASSERT_EQ(tokens.size() * vocab, want.size());
  for (size_t t = 0; t < tokens.size(); t += step) {
    const auto got = sequence.feed_all(std::span(tokens).subspan(t, step));
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], want[t * vocab + i], kFamilyTolerance)
          << "token " << t + i / vocab << ", logit " << i % vocab;
  }
}

/// The case's own model: `file` is "model.gguf", or empty for the directory.
inline void expect_family_logits(const std::string& name, std::unique_ptr<Backend> backend,
                                 const std::string& file = {}, const std::string& suffix = {},
                                 bool one_by_one = false) {
  const std::filesystem::path folder = test_data("families") / name;
  expect_case_logits(file.empty() ? folder : folder / file, name, std::move(backend), suffix,
                     one_by_one);
}

}  // namespace nety::model
