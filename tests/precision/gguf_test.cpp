// Every GGUF format against the `gguf` Python package: tests/data/vectors/make_gguf_vectors.py.
#include <gtest/gtest.h>

#include "core/precision/layout.h"
#include "core/precision/mode.h"
#include "tests/precision/compare.h"
#include "tests/precision/vectors.h"

namespace nety::precision {
namespace {

class EveryStoredMode : public testing::TestWithParam<ModeId> {};

TEST_P(EveryStoredMode, DequantisesAsTheGgufPackageDoes) {
  const Mode& stored = mode(GetParam());
  Vectors vectors("gguf.safetensors");
  const std::string name(stored.name);
  ASSERT_TRUE(vectors.has(name + "/blocks")) << "make_gguf_vectors.py does not know " << name;
  const std::string blocks = vectors.bytes(name + "/blocks");
  const std::vector<int64_t> shape = vectors.shape(name + "/weights");
  const MatrixView matrix{.mode = stored.id,
                          .rows = shape[0],
                          .cols = shape[1],
                          .codes = reinterpret_cast<const std::byte*>(blocks.data())};
  EXPECT_EQ(stored.functions->bytes(shape[0], shape[1]), blocks.size());
  std::vector<float> weights(static_cast<size_t>(shape[0] * shape[1]));
  for (int64_t n = 0; n < shape[0]; ++n)
    stored.functions->dequantise(matrix, n, weights.data() + n * shape[1]);
  expect_same_bits(weights, vectors.floats(name + "/weights"), name);
}

std::vector<ModeId> stored_modes() {
  std::vector<ModeId> ids;
  for (const Mode& candidate : modes())
    if (candidate.kind == ModeKind::kStored) ids.push_back(candidate.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(Modes, EveryStoredMode, testing::ValuesIn(stored_modes()),
                         [](const auto& tested) { return std::string(mode(tested.param).name); });

}  // namespace
}  // namespace nety::precision
