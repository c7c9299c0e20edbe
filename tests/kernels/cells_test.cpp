// Every vector cell against the scalar cell of the same operation and format, at odd shapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/kernels/checks.h"

namespace nety::kernels {
namespace {

class EveryKernel : public testing::TestWithParam<Cell> {
 protected:
  void SetUp() override {
    if (GetParam().isa > best_isa(machine::host())) GTEST_SKIP() << "this processor lacks it";
  }
  template <class Kernel>
  Kernel kernel() const {
    return reinterpret_cast<Kernel>(GetParam().function);
  }
  template <class Kernel>
  Kernel reference() const {
    return kernels::kernel<Kernel>(GetParam().op, GetParam().format, Isa::kScalar);
  }
};

const precision::Mode& mode_of(const Cell& cell) {
  std::string name(cell.format);
  if (name.ends_with("_dq")) name[name.size() - 3] = '-';
  return *precision::find_mode(name);
}

TEST_P(EveryKernel, AgreesWithTheReference) {
  const Cell& cell = GetParam();
  switch (cell.op) {
    case Op::kFloatPanel:
      check_float_panel(kernel<FloatPanelKernel>());
      break;
    case Op::kBlockPanel:
      check_block_panel(kernel<BlockPanelKernel>(), reference<BlockPanelKernel>());
      break;
    case Op::kQuantise:
      check_quantise(kernel<QuantiseKernel>(), reference<QuantiseKernel>());
      break;
    case Op::kSilu:
      check_silu(kernel<SiluKernel>());
      break;
    case Op::kAttention:
      check_attention(kernel<AttentionKernel>(), cell.format == "bf16");
      break;
    case Op::kUnpack:
      check_unpack(kernel<UnpackKernel>(), mode_of(cell));
      break;
    case Op::kUnpackBlocks:
      check_unpack_blocks(kernel<UnpackBlocksKernel>(), mode_of(cell));
      break;
    case Op::kIntegerPanel:
      check_integer_panel(kernel<IntegerPanelKernel>(), reference<IntegerPanelKernel>());
      break;
    case Op::kPack:  // with every packed product
      EXPECT_NE(packed_block_bytes(mode_of(cell).id), 0U);
      break;
    case Op::kPacked:
      check_packed(cell, kernel<PackedKernel>(), mode_of(cell));
      break;
    case Op::kQuantiseSuper:
      check_quantise_super(kernel<QuantiseSuperKernel>(), reference<QuantiseSuperKernel>());
      break;
    case Op::kQuantiseInt8:
      check_quantise_int8(kernel<QuantiseInt8Kernel>());
      break;
    case Op::kQuantiseRows:
      check_quantise_rows(kernel<QuantiseRowsKernel>(), mode_of(cell));
      break;
    case Op::kHalfPanel:
      check_half_panel(kernel<HalfPanelKernel>());
      break;
    case Op::kStoredRows:
      check_stored_rows(cell, kernel<StoredRowsKernel>(), mode_of(cell));
      break;
    case Op::kUnpackNibbles:
      check_unpack_nibbles(kernel<UnpackKernel>(), mode_of(cell));
      break;
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
    if (cell.op != Op::kPacked || cell.isa > best_isa(machine::host())) continue;
    const precision::Mode& mode = mode_of(cell);
    const int64_t cols = 4 * mode.functions->group;
    const AnyMatrix w = random_matrix(mode, 33, cols);
    const auto x = random_floats(static_cast<size_t>(tokens * cols), 41);
    const auto kernel = reinterpret_cast<PackedKernel>(cell.function);
    PackedCase all(cell, w.view, x, tokens);
    const std::vector<float> want = all.run(kernel);
    for (int64_t t = 0; t < tokens; ++t) {
      const std::vector<float> row(x.begin() + t * cols, x.begin() + (t + 1) * cols);
      PackedCase one(cell, w.view, row, 1);
      const std::vector<float> alone = one.run(kernel);
      EXPECT_EQ(std::memcmp(alone.data(), want.data() + t * 48, 33 * sizeof(float)), 0)
          << cell.name << " token " << t;
    }
  }
}

TEST(FloatPanels, GiveATokenTheSameBitsAloneAndAmongOthers) {
  const int64_t rows = 13, tokens = 11;
  for (const int64_t cols : {577, 1100, 4097}) {  // the longer ones are taken by stretches
    const auto w = random_floats(static_cast<size_t>(rows * cols), 20);
    const auto x = random_floats(static_cast<size_t>(tokens * cols), 21);
    for (const Cell& cell : cells()) {
      if (cell.op != Op::kFloatPanel || cell.isa > best_isa(machine::host())) continue;
      const auto kernel = reinterpret_cast<FloatPanelKernel>(cell.function);
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
