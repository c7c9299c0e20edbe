#!/usr/bin/env bash
# A new precision mode is one new file and one row: adds one that is made from floats and one that GGUF files
# store to a copy of the project, builds it, looks for them wherever modes are listed, and runs them.
#   add_mode.sh [WORK]
# shellcheck source=tests/copy_of_project.sh
source "$(dirname "${BASH_SOURCE[0]}")/../copy_of_project.sh"

# A mode that is made from floats: one new file and one row.
sed 's/fp32/dummy/g' "$copy/core/precision/fp32.cpp" >"$copy/core/precision/dummy.cpp"
row='NETY_MODE(dummy, "dummy", "A mode for a test", kFloat, "f32", "fp32", "fp32", "fp32", 32.0, "any CPU")'
echo "$row" >>"$copy/core/precision/modes.def"
touched 2 "a mode made from floats"
rows 1 core/precision/modes.def "a mode made from floats"

# A format of GGUF files, TQ2_0: one new file and one row more.
[ ! -e "$copy/core/precision/tq2_0.cpp" ] || broken "there is a mode tq2_0 by now: take another format"
cat >"$copy/core/precision/tq2_0.cpp" <<'END'
// tq2_0: 256 weights of 2 bits, -1, 0 or 1, one fp16 scale behind them: w = d * (code - 1).
#include "core/precision/gguf_block.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  out.d = fp16_at(block + 64);
  out.scales.fill(1);
  unpack_2_bits(block, out.codes.data());
  for (int8_t& code : out.codes) code = static_cast<int8_t>(code - 1);
}

constexpr GgufFormat kFormat{
    .weights = kSuperBlock, .group = 16, .bytes = 66, .has_min = false, .decode = decode};

}  // namespace

extern const ModeFunctions k_tq2_0;
const ModeFunctions k_tq2_0 = gguf_mode<kFormat>();

}  // namespace nety::precision
END
row='NETY_MODE(tq2_0, "tq2_0", "GGUF TQ2_0", kStored, "2-bit, fp16 scale per 256", "int8 per 256", "int32 per 256, fp32", "as stored", 2.0625, "any CPU")'
echo "$row" >>"$copy/core/precision/modes.def"
touched 3 "with a format of GGUF files"
rows 2 core/precision/modes.def "with a format of GGUF files"

build nety
model=$project/tests/data/checkpoints/fp32

shows "nety modes" '^dummy +A mode for a test' "$nety" modes
shows "the help of generate" '--mode .*dummy' "$nety" generate --help
shows "the help of quantize" '--mode .*dummy' "$nety" quantize --help
shows "nety fit" '^dummy ' "$nety" fit "$model"
shows "logits" 'dummy' "$nety" logits "$model" --mode dummy --tokens 1,17,42 -o "$work/logits.safetensors"
"$nety" -q logits "$model" --mode fp32 --tokens 1,17,42 -o "$work/fp32.safetensors"
cmp "$work/logits.safetensors" "$work/fp32.safetensors" || broken "the dummy's logits are not those of fp32"

python3 "$project/tests/precision/ternary_gguf.py" make "$work"
shows "nety modes, of the stored one" '^tq2_0 +GGUF TQ2_0' "$nety" modes
shows "nety fit of its file" 'TQ2_0|tq2_0' "$nety" fit "$work/tq2_0.gguf"
"$nety" -q logits "$work/tq2_0.gguf" --mode stored --tokens 1,17,42 -o "$work/stored.safetensors"
"$nety" -q logits "$work/tq2_0.gguf" --mode fp32 --tokens 1,17,42 -o "$work/widened.safetensors"
"$nety" -q logits "$work/f32.gguf" --mode fp32 --tokens 1,17,42 -o "$work/twin.safetensors"
python3 "$project/tests/precision/ternary_gguf.py" compare "$work"/{stored,widened,twin}.safetensors ||
  broken "the logits of a file in tq2_0"
echo "ok: a file in tq2_0 gives the logits of its fp32 twin"

shows "bench --modes all" '^ *"mode": "dummy"' "$nety" bench "$model" --modes all --backends native --quick --json
! "$copy/ci/lint" modes >"$work/out" 2>&1 || broken "ci/lint modes did not notice"
"$copy/ci/lint" --fix >"$work/out" 2>&1
shows "the table in docs" '^\| dummy \|' cat "$copy/docs/modes.md"
shows "the table in docs, of the stored one" '^\| tq2_0 \|' cat "$copy/docs/modes.md"
"$copy/ci/lint" modes >"$work/out" 2>&1 || broken "ci/lint modes is not content once the table is repaired"
echo "ok: ci/lint modes, before and after the repair"
