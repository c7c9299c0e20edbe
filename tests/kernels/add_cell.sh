#!/usr/bin/env bash
# A new kernel cell is one file and one row, or one row and its function where a file of that operation and
# instruction set is there. Adds one of each to a copy of the project, counts what that touched, and runs the
# checks of the new cells.   add_cell.sh [WORK]
# shellcheck source=tests/copy_of_project.sh
source "$(dirname "${BASH_SOURCE[0]}")/../copy_of_project.sh"

# row AFTER ROW: one row more in cells.def.
row() { sed -i "s/^NETY_CELL($1)\$/&\nNETY_CELL($2)/" "$copy/core/kernels/cells.def"; }

# One file and one row: an operation for an instruction set that had none of it.
sed 's/quantise_q8_avx2/quantise_q8_avx512/' "$copy/core/kernels/quantise_avx2.cpp" >"$copy/core/kernels/quantise_avx512.cpp"
row "quantise, q8, avx2" "quantise, q8, avx512"
touched 2 "a cell in a file of its own"

# One row, and its function in the file that is there: another format.
cat >>"$copy/core/kernels/unpack_blocks_avx2.cpp" <<'FUNCTION'
#if defined(__x86_64__)
namespace nety::kernels {
bool unpack_blocks_q5_1_scalar(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                               int64_t blocks);
bool unpack_blocks_q5_1_avx2(const std::byte* row, int64_t cols, const BlockRows& out, int64_t r,
                             int64_t blocks) {
  return unpack_blocks_q5_1_scalar(row, cols, out, r, blocks);
}
}  // namespace nety::kernels
#endif
FUNCTION
row "unpack_blocks, q4_1, avx2" "unpack_blocks, q5_1, avx2"
touched 3 "another cell in a file that is there"
rows 2 core/kernels/cells.def "two cells"

build test_kernels
"$build/test_kernels" --gtest_filter='*quantise_q8_avx512:*unpack_blocks_q5_1_avx2:KernelTable.*' >"$work/log" 2>&1 ||
  { tail -50 "$work/log" && broken "the checks"; }
for cell in quantise_q8_avx512 unpack_blocks_q5_1_avx2; do
  grep -qE "(OK|SKIPPED) \] Cells/EveryKernel.AgreesWithTheReference/$cell" "$work/log" || { cat "$work/log" && broken "$cell is not checked"; }
  echo "ok: $cell is checked"
done
