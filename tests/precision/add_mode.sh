#!/usr/bin/env bash
# A new precision mode is one new file and one row: adds one that is made from floats and one that GGUF files
# store to a copy of the project, builds it, looks for them wherever modes are listed, and runs them.
#   add_mode.sh [WORK]
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=${1:-$(mktemp -d)}
[ -n "${1:-}" ] || trap 'rm -rf "$work"' EXIT
copy=$work/copy
mkdir -p "$copy"
tar -C "$project" --exclude=./build --exclude=./.git --exclude=./nety-report -cf - . | tar -C "$copy" -xf -

broken() {
  echo "FAILED: $1"
  exit 1
}

# changed FILES ADDED: so many files are new or differ, and so many lines were added to modes.def.
changed() {
  local files lines
  files=$( (diff -rq --exclude=build --exclude=.git --exclude=nety-report "$project" "$copy" || true) | wc -l)
  lines=$( (diff "$project/core/precision/modes.def" "$copy/core/precision/modes.def" || true) | grep -c '^[<>]')
  [ "$files" = "$1" ] || broken "$files files differ, not $1"
  [ "$lines" = "$2" ] || broken "$lines lines of modes.def differ, not $2"
}

# A mode that is made from floats: one new file and one row.
sed 's/fp32/dummy/g' "$copy/core/precision/fp32.cpp" >"$copy/core/precision/dummy.cpp"
row='NETY_MODE(dummy, "dummy", "A mode for a test", kFloat, "f32", "fp32", "fp32", "fp32", 32.0, "any CPU")'
echo "$row" >>"$copy/core/precision/modes.def"
changed 2 1

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
changed 3 2

cmake -S "$copy" -B "$copy/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DNETY_TESTS=OFF -DNETY_TORCH=OFF -DNETY_CUDA=OFF \
  >"$work/log" 2>&1 ||
  { cat "$work/log" && broken "cmake"; }
cmake --build "$copy/build/release" --target nety -- -j2 >"$work/log" 2>&1 || { tail -50 "$work/log" && broken "the build"; }
nety=$copy/build/release/nety
model=$project/tests/data/checkpoints/fp32

# shows WHAT PATTERN COMMAND...: the command's output has a line that matches.
shows() {
  local what=$1 pattern=$2
  shift 2
  "$@" >"$work/out" 2>&1 || { cat "$work/out" && broken "$what: exit code not 0"; }
  grep -qE -- "$pattern" "$work/out" || { cat "$work/out" && broken "$what does not show it"; }
  echo "ok: $what"
}
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
