#!/usr/bin/env bash
# ci/build_cost with builds of which it is told what they cost.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

before_each() { mkdir -p "$sandbox/build"; }

# A build of 1000 lines that took as many references as $1 says, of a compiler that takes about a second.
pretend_build() {
  cat >"$sandbox/compiler" <<'END'
#!/bin/sh
i=0
while [ $i -lt 400000 ]; do i=$((i + 1)); done
END
  chmod +x "$sandbox/compiler"
  local ticks_before ticks_after me=$BASHPID
  ticks_before=$(awk '{ print $16 + $17 }' "/proc/$me/stat")
  "$sandbox/compiler"
  ticks_after=$(awk '{ print $16 + $17 }' "/proc/$me/stat")
  awk -v ticks=$((ticks_after - ticks_before)) -v hz="$(getconf CLK_TCK)" -v times="$1" -v compiler="$sandbox/compiler" \
    'BEGIN { print ticks / hz * times, 1000, compiler }' >"$sandbox/build/cost.txt"
}

recorded() { awk '$1 == "references_per_1000_lines" { print $2 }' "$project/ci/build_cost.txt"; }

case_WithoutACleanBuildItIsNotRun() {
  run "$project/ci/build_cost" "$sandbox/build"
  expect_code 5
  expect_output 'not run:'
}

case_HalfTheCostPasses() {
  pretend_build "$(awk -v r="$(recorded)" 'BEGIN { print r / 2 }')"
  run "$project/ci/build_cost" "$sandbox/build"
  expect_code 0
  expect_output 'references per 1000 lines'
}

case_TwiceTheCostFails() {
  pretend_build "$(awk -v r="$(recorded)" 'BEGIN { print r * 2.5 }')"
  run "$project/ci/build_cost" "$sandbox/build"
  expect_code 1
  expect_output 'costs a third more than recorded'
}

run_cases "$@"
