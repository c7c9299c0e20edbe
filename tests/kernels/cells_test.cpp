// Every cell, the scalar ones included, against double-precision or plain code of the tests, or the
// mode's own functions (which golden vectors test), at odd shapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/kernels/checks.h"
#include "tests/kernels/isas.h"

namespace nety::kernels {
namespace {

class EveryKernel : public testing::TestWithParam<Cell> {
 protected:
  void SetUp() override {
    if (!runs_here(GetParam().isa)) GTEST_SKIP() << "this processor lacks it";
  }
};

TEST_P(EveryKernel, AgreesWithTheReference) {
  const Cell& cell = GetParam();
  switch (cell.op) {
#define NETY_OPERATION(name, id, kernel_type)  \
  case Op::id:                                 \
    check_##name(cell, cell.kernel<Op::id>()); \
    break;
#include "core/kernels/operations.def"
#undef NETY_OPERATION
  }
}

INSTANTIATE_TEST_SUITE_P(Cells, EveryKernel, testing::ValuesIn(cells().begin(), cells().end()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(KernelTable, NamesEachCellOnce) {
  std::vector<std::string_view> names;
  for (const Cell& cell : cells()) names.push_back(cell.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(KernelTable, IsInOrder) {
  std::vector<std::pair<Op, int>> portable, native;  // operation, and rank of its instruction set
  for (const Cell& cell : cells()) {
    const InstructionSet& set = instruction_set(cell.isa);
    (set.architecture == Architecture::kPortable ? portable : native)
        .emplace_back(cell.op, set.rank);
    EXPECT_EQ(cell.name, std::string(name_of(cell.op)) + "_" + std::string(cell.format) + "_" +
                             std::string(set.name));
  }
  const auto by_operation = [](const auto& a, const auto& b) { return a.first < b.first; };
  EXPECT_TRUE(std::is_sorted(portable.begin(), portable.end(), by_operation));
  EXPECT_TRUE(std::is_sorted(native.begin(), native.end(), by_operation));
}

TEST(KernelTable, GivesAFunctionToItsOwnOperationOnly) {
  const Cell* cell = find_cell(Op::kSilu, "fp32", Isa::kScalar);
  ASSERT_NE(cell, nullptr);
  EXPECT_NE(cell->kernel<Op::kSilu>(), nullptr);
  EXPECT_EQ(cell->kernel<Op::kAttention>(), nullptr);
  EXPECT_EQ(kernel<Op::kSilu>("no such format", Isa::kScalar), nullptr);
}

TEST(InstructionSets, IncludeTheLowerOnesOfTheirArchitectureAndThePortableOnes) {
  for (const InstructionSet& set : instruction_sets()) {
    EXPECT_TRUE(includes(set.id, Isa::kScalar)) << set.name;
    EXPECT_TRUE(includes(set.id, set.id)) << set.name;
    EXPECT_EQ(set.id, instruction_set(set.id).id) << "rows are in the order of ids";
  }
  EXPECT_TRUE(includes(Isa::kAvx512Bf16, Isa::kAvx2));
  EXPECT_FALSE(includes(Isa::kAvx2, Isa::kAvx512));
  EXPECT_FALSE(includes(Isa::kScalar, Isa::kAvx2));
}

TEST(KernelTable, FallsBackToANarrowerFamily) {
  const Cell* cell = find_cell(Op::kUnpack, "bf16", Isa::kAvx512);
  if (cell != nullptr) {
    EXPECT_EQ(cell->name, "unpack_bf16_avx2");
  }
  EXPECT_EQ(find_cell(Op::kUnpack, "bf16", Isa::kScalar), nullptr);
  EXPECT_EQ(find_cell(Op::kUnpack, "no such format", Isa::kAvx512), nullptr);
}

TEST(PackedProducts, GiveATokenTheSameBitsAloneAndAmongOthers) {
  const int64_t tokens = 11;
  for (const Cell& cell : cells()) {
    if (cell.op != Op::kPacked || !runs_here(cell.isa)) continue;
    const precision::Mode& mode = mode_of(cell);
    const int64_t cols = 11 * mode.functions->group;  // some are unpacked eight blocks at a time
    const AnyMatrix w = random_matrix(mode, 33, cols);
    const auto x = random_floats(static_cast<size_t>(tokens * cols), 41);
    const auto kernel = cell.kernel<Op::kPacked>();
    PackedCase all(cell.format, w.view, x, tokens);
    const std::vector<float> want = all.run(kernel);
    for (int64_t t = 0; t < tokens; ++t) {
      const std::vector<float> row(x.begin() + t * cols, x.begin() + (t + 1) * cols);
      PackedCase one(cell.format, w.view, row, 1);
      const std::vector<float> alone = one.run(kernel);
      EXPECT_EQ(std::memcmp(alone.data(), want.data() + t * 48, 33 * sizeof(float)), 0)
          << cell.name << " token " << t;
    }
  }
}

TEST(FloatPanels, GiveATokenTheSameBitsAloneAndAmongOthers) {
  const int64_t rows = 13, tokens = 11;
  for (const int64_t cols : {577, 1100, 4097}) {  // the longer ones are taken chunk by chunk
    const auto w = random_floats(static_cast<size_t>(rows * cols), 20);
    const auto x = random_floats(static_cast<size_t>(tokens * cols), 21);
    for (const Cell& cell : cells()) {
      if (cell.op != Op::kFloatPanel || !runs_here(cell.isa)) continue;
      const auto kernel = cell.kernel<Op::kFloatPanel>();
      std::vector<float> all(static_cast<size_t>(rows * tokens)), alone(static_cast<size_t>(rows));
      kernel({w.data(), cols, rows, x.data(), cols, tokens, cols, all.data(), rows});
      for (int64_t t = 0; t < tokens; ++t) {
        kernel({w.data(), cols, rows, x.data() + t * cols, cols, 1, cols, alone.data(), rows});
        EXPECT_EQ(std::memcmp(alone.data(), all.data() + t * rows, alone.size() * sizeof(float)), 0)
            << cell.name << " token " << t << " of " << cols << " columns";
      }
    }
  }
}

}  // namespace
}  // namespace nety::kernels
