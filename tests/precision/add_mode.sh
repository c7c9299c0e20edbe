#!/usr/bin/env bash
# A new precision mode is one new file and one row: adds a dummy to a copy of the project, builds it, and
# looks for it wherever modes are listed.   add_mode.sh [WORK]
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

# One new file ...
sed 's/fp32/dummy/g' "$copy/core/precision/fp32.cpp" >"$copy/core/precision/dummy.cpp"
# ... and one row.
row='NETY_MODE(dummy, "dummy", "A mode for a test", kFloat, "f32", "fp32", "fp32", "fp32", 32.0, "any CPU")'
echo "$row" >>"$copy/core/precision/modes.def"
touched=$( (diff -rq --exclude=build --exclude=.git --exclude=nety-report "$project" "$copy" || true) | wc -l)
[ "$touched" = 2 ] || broken "$touched files differ, not two"

cmake -S "$copy" -B "$copy/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DNETY_TESTS=OFF -DNETY_TORCH=OFF >"$work/log" 2>&1 ||
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
shows "bench --modes all" '^ *"mode": "dummy"' "$nety" bench "$model" --modes all --backends native --quick --json
! "$copy/ci/lint" modes >"$work/out" 2>&1 || broken "ci/lint modes did not notice"
"$copy/ci/lint" --fix >"$work/out" 2>&1
shows "the table in docs" '^\| dummy \|' cat "$copy/docs/modes.md"
"$copy/ci/lint" modes >"$work/out" 2>&1 || broken "ci/lint modes is not content once the table is repaired"
echo "ok: ci/lint modes, before and after the repair"
