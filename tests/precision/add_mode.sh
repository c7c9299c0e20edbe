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

# A format of GGUF files, Q8_K, which no model is stored in: one new file and one row more.
[ ! -e "$copy/core/precision/q8_k.cpp" ] || broken "there is a mode q8_k by now: take another format"
cat >"$copy/core/precision/q8_k.cpp" <<'END'
// q8_k: 256 weights of 8 bits, one fp32 scale before them, and sums behind: w = d * code.
#include <cstring>

#include "core/precision/gguf_mode.h"

namespace nety::precision {
namespace {

void decode(const std::byte* block, DecodedBlock& out) {
  std::memcpy(&out.d, block, sizeof(out.d));
  out.scales.fill(1);
  std::memcpy(out.codes.data(), block + 4, kSuperBlock);
}

void set_scale(std::byte* block, float scale) { std::memcpy(block, &scale, sizeof(scale)); }

constexpr GgufFormat kFormat{.weights = kSuperBlock,
                             .group = 16,
                             .bytes = 292,
                             .has_min = false,
                             .decode = decode,
                             .set_scale = set_scale};

}  // namespace

extern const ModeFunctions k_q8_k;
const ModeFunctions k_q8_k = gguf_mode<kFormat>();

}  // namespace nety::precision
END
row='NETY_MODE(q8_k, "q8_k", "GGUF Q8_K", kStored, "8-bit, fp32 scale per 256", "int8 per 256", "int32 per 256, fp32", "as stored", 9.125, "any CPU")'
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

python3 "$project/tests/precision/float_scaled_gguf.py" make "$work"
shows "nety modes, of the stored one" '^q8_k +GGUF Q8_K' "$nety" modes
shows "nety fit of its file" 'Q8_K|q8_k' "$nety" fit "$work/q8_k.gguf"
"$nety" -q logits "$work/q8_k.gguf" --mode stored --tokens 1,17,42 -o "$work/stored.safetensors"
"$nety" -q logits "$work/q8_k.gguf" --mode fp32 --tokens 1,17,42 -o "$work/widened.safetensors"
"$nety" -q logits "$work/f32.gguf" --mode fp32 --tokens 1,17,42 -o "$work/twin.safetensors"
python3 "$project/tests/precision/float_scaled_gguf.py" compare "$work"/{stored,widened,twin}.safetensors ||
  broken "the logits of a file in q8_k"
echo "ok: a file in q8_k gives the logits of its fp32 twin"

shows "bench --modes all" '^ *"mode": "dummy"' "$nety" bench "$model" --modes all --backends native --quick --json
! "$copy/ci/lint" modes >"$work/out" 2>&1 || broken "ci/lint modes did not notice"
"$copy/ci/lint" --fix >"$work/out" 2>&1
shows "the table in docs" '^\| dummy \|' cat "$copy/docs/modes.md"
shows "the table in docs, of the stored one" '^\| q8_k \|' cat "$copy/docs/modes.md"
"$copy/ci/lint" modes >"$work/out" 2>&1 || broken "ci/lint modes is not content once the table is repaired"
echo "ok: ci/lint modes, before and after the repair"
