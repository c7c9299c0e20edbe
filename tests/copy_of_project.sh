# shellcheck shell=bash
# For scripts that add something to a copy of the project and look what that takes: sourced first, with the
# script's own arguments ([WORK], a folder to keep). Gives $project, $copy, $work and the functions below.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=${1:-$(mktemp -d)}
[ -n "${1:-}" ] || trap 'rm -rf "$work"' EXIT
copy=$work/copy
mkdir -p "$copy"
tar -C "$project" --exclude=./build --exclude=./.git --exclude=./nety-report -cf - . | tar -C "$copy" -xf -

broken() {
  echo "FAILED: $1"
  exit 1
}

# differences OPTION...: what diff says of the project and the copy, but for what is built or kept there.
differences() { diff -r "$@" --exclude=build --exclude=.git --exclude=nety-report "$project" "$copy" || true; }

# touched FILES WHAT: so many files are new or differ.
touched() {
  local files
  files=$(differences -q | wc -l)
  [ "$files" = "$1" ] || broken "$2 touched $files files, not $1"
  echo "ok: $2 touches $1 files"
}

# rows COUNT FILE WHAT: so many lines of a file were added, and none changed.
rows() {
  local changed
  changed=$( (diff "$project/$2" "$copy/$2" || true) | grep '^[<>]' || true)
  [ "$(grep -c '^>' <<<"$changed")" = "$1" ] || broken "$3: not $1 rows more in $2: $changed"
  ! grep -q '^<' <<<"$changed" || broken "$3 changes rows of $2: $changed"
  echo "ok: $3 is $1 rows in $2"
}

# build TARGET...: configures and builds the copy, and sets $build and $nety.
build() {
  build=$copy/build/release
  # shellcheck disable=SC2034
  nety=$build/nety
  cmake -S "$copy" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DNETY_TORCH=OFF -DNETY_CUDA=OFF >"$work/log" 2>&1 ||
    { cat "$work/log" && broken "cmake"; }
  cmake --build "$build" --target "$@" -- -j2 >"$work/log" 2>&1 || { tail -50 "$work/log" && broken "the build"; }
}

# shows WHAT PATTERN COMMAND...: the command succeeds, and its output has a line that matches.
shows() {
  local what=$1 pattern=$2
  shift 2
  "$@" >"$work/out" 2>&1 || { cat "$work/out" && broken "$what: exit code not 0"; }
  grep -qE -- "$pattern" "$work/out" || { cat "$work/out" && broken "$what does not show it"; }
  echo "ok: $what"
}
