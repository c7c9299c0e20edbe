# shellcheck shell=bash disable=SC2034
# Runs the cases of a test file: functions named case_Sentence, each in a shell and a folder of its own.
#   bash tests/ci/setup_test.sh [CASE]...
# A case calls run, then the expectations below; the first that fails ends it with what was seen.
set -euo pipefail
shopt -s inherit_errexit
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LC_ALL=C.UTF-8
unset NETY_SETUP NETY_WHEELS NETY_WITHOUT_TORCH NETY_TORCH_DIR CI XDG_CACHE_HOME

# run COMMAND...: exit code in $code, both streams in $output, stdout alone in $printed. No terminal.
run() {
  code=0
  "$@" >"$sandbox/stdout" 2>"$sandbox/stderr" </dev/null || code=$?
  printed=$(cat "$sandbox/stdout")
  output=$(cat "$sandbox/stdout" "$sandbox/stderr")
}

# The same on a terminal, where somebody types the first argument.
run_on_terminal() {
  local typed=$1
  shift
  code=0
  printf '%s\n' "$typed" | script -qec "$(printf '%q ' "$@")" /dev/null >"$sandbox/stdout" 2>&1 || code=$?
  output=$(tr -d '\r' <"$sandbox/stdout")
}

broken() {
  printf '%s\n--- exit code %s, output:\n%s\n' "$1" "${code:-none}" "${output:-}"
  exit 1
}
# Ends the case without a verdict.
skip() {
  echo "not run: $1"
  exit 77
}
expect_code() { [ "$code" = "$1" ] || broken "expected exit code $1"; }
expect_output() { [[ $output == *"$1"* ]] || broken "expected in the output: $1"; }
expect_no_output() { [ -z "$output" ] || broken "expected no output"; }
expect_not_in_output() { [[ $output != *"$1"* ]] || broken "not expected in the output: $1"; }
expect_file() { [ -f "$1" ] || broken "expected the file $1"; }
expect_no_file() { [ ! -e "$1" ] || broken "did not expect the file $1"; }

run_cases() {
  local cases=("$@") name status failed=0
  [ $# -gt 0 ] || mapfile -t cases < <(compgen -A function case_ | sed 's/^case_//')
  for name in "${cases[@]}"; do
    sandbox=$(mktemp -d)
    # Not as a condition: that would switch off set -e inside.
    set +e
    (
      set -e
      before_each
      "case_$name"
    )
    status=$?
    set -e
    rm -rf "$sandbox"
    if [ "$status" = 0 ]; then
      echo "ok: $name"
    elif [ "$status" = 77 ]; then
      echo "skipped: $name"
      [ "$failed" != 0 ] || [ ${#cases[@]} != 1 ] || failed=77
    else
      echo "FAILED: $name"
      failed=1
    fi
  done
  return "$failed"
}
before_each() { :; }
