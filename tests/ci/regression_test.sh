#!/usr/bin/env bash
# ci/regression on a project of one file whose program writes what it is told to: two trees are built,
# the verdict is passed on, the history grows.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source=tests/ci/bare_machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/bare_machine.sh"

before_each() {
  make_machine
  install_everything
  NETY_SETUP=auto run "$clone/ci/setup"
  cp "$project/CMakePresets.json" "$clone"
  cat >"$clone/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(nety LANGUAGES C)
add_executable(nety main.c)
set_target_properties(nety PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
END
  cat >"$clone/main.c" <<'END'
#include <stdlib.h>
#include <unistd.h>
int main(int n, char** a) { (void)n; return execv(getenv("FAKE_NETY"), a); }
END
  echo /build/ >"$clone/.gitignore"
  # What `nety compare` would do: write its files, and say its verdict by its exit code. The history is the real one's.
  export FAKE_NETY=$sandbox/fake-nety real_nety=${NETY_PROGRAM:-$project/build/release/nety}
  [ -x "$real_nety" ] || broken "$real_nety is not built"
  cat >"$FAKE_NETY" <<'END'
#!/usr/bin/env bash
[ "$1" != trend ] || exec "$real_nety" "$@"
echo "$*" >>"$sandbox/compared"
while [ $# -gt 0 ]; do
  case $1 in
    *.json) echo '{"schema": "nety.results/1", "machines": [{"id": "m"}], "created_utc": "2026-11-25T12:00:00Z", "comparisons": [{"metric": "tg_tps",
      "mode": "fp32", "n_prompt": 0, "n_gen": 128, "depth": 0, "gated": true, "verdict": "same", "baseline": {"median": 80},
      "candidate": {"median": 81, "unit": "tok/s"}, "ratio": {"median": 1.0125}}]}' >"$1" ;;
    *.md | *.xml) echo "<verdict>" >"$1" ;;
    --fail) exit 3 ;;
  esac
  shift
done
END
  chmod +x "$FAKE_NETY"
  cd "$clone"
  git init --quiet
  git config user.email t@example.org
  git config user.name t
  git add . && git commit --quiet -m first
  git commit --quiet --allow-empty -m second
}

case_ItBuildsBothTreesAndPassesTheVerdictOn() {
  run ci/regression HEAD~1 -- --pairs 4
  expect_code 0
  expect_output "building the base:"
  grep -q -- "--baseline $clone/build/regression-base/build/release/nety --candidate $clone/build/release/nety" "$sandbox/compared" ||
    broken "compared: $(cat "$sandbox/compared")"
  grep -q -- '--pairs 4' "$sandbox/compared" || broken "options were not passed on"
  for file in compare.json compare.xml compare.md history.jsonl; do expect_file "build/regression/$file"; done
  run ci/regression HEAD~1 -- --fail
  expect_code 3
  [ "$(wc -l <build/regression/history.jsonl)" = 2 ] || broken "the history has other lines than two"
  expect_output "too few runs"
  ! grep -q dirty build/regression/history.jsonl || broken "a clean tree was called dirty"
  echo '// changed' >>main.c
  run ci/regression HEAD
  tail -n 1 build/regression/history.jsonl | grep -q "\"$(git rev-parse HEAD)-dirty\"" || broken "a changed tree has its commit's name"
}

# The defaults of nety compare itself, with a small model in the default one's place.
case_TheDefaultsMeasureTwoRealPrograms() {
  [ -x "${NETY_PROGRAM:=$project/build/release/nety}" ] || broken "$NETY_PROGRAM is not built"
  "$real_python" - "$project/tests/cases" "$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from inputs import gguf, gguf_keys, gguf_tensors, sizes, thinker
c = sizes(dim=32, head=8, ffn=48, layers=2, context=1024)
gguf(sys.argv[2], gguf_keys(c), gguf_tensors(thinker(c), c))
END
  FAKE_NETY=$NETY_PROGRAM NETY_EVIDENCE=off run ci/regression HEAD~1 -- --pairs 2
  case $code in 0 | 4 | 5) ;; *) broken "no verdict" ;; esac
  expect_output "tg128"
  expect_output "pp512"
  for file in compare.json compare.xml compare.md history.jsonl; do expect_file "build/regression/$file"; done
  [ "$(wc -l <build/regression/history.jsonl)" = 2 ] || broken "the history has other lines than two"
}

case_AJobSummaryGetsTheTable() {
  GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=$sandbox/summary run ci/regression HEAD~1
  expect_code 0
  [ "$(cat "$sandbox/summary")" = "<verdict>" ] || broken "the summary lacks the table"
  grep -q -- --annotations "$sandbox/compared" || broken "no annotations were asked for"
}

case_MistakesAreNamed() {
  run ci/regression
  expect_code 2
  run ci/regression no-such-commit
  expect_code 2
  expect_output "no-such-commit"
  run ci/regression --quick HEAD
  expect_code 2
}

run_cases "$@"
