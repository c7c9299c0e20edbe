#!/usr/bin/env bash
# ci/count: a real program against itself, and what is made of made-up counts.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# Two programs with a table of modes, and a valgrind that says what one of them "needs": as many instructions
# as $sandbox/a or $sandbox/b has.
before_each() {
  export sandbox
  mkdir "$sandbox/bin"
  for which in a b; do
    printf '#!/bin/sh\necho "mode  title         kind   bits/w"\necho "fp32  32-bit float  float  32"\n' >"$sandbox/program-$which"
    chmod +x "$sandbox/program-$which"
    echo 1000000 >"$sandbox/$which"
  done
}
fake_valgrind() {
  # shellcheck disable=SC2016  # for the program that is written
  printf '%s\n' '#!/bin/bash' 'for word; do case $word in ./a | ./b) which=${word#./} ;; esac; done' \
    "count=\$(cat '$sandbox/'\$which)" 'case $count in *[!0-9]*) echo "error: $count" >&2 && exit 2 ;; esac' \
    'echo "==1== Collected : $count" >&2' >"$sandbox/bin/valgrind"
  chmod +x "$sandbox/bin/valgrind"
  export PATH=$sandbox/bin:$PATH
}
count() { run "$project/ci/count" "$sandbox/program-a" "$sandbox/program-b" -o "$sandbox/out" "$@"; }

case_AProgramNeedsAsManyAsItself() {
  command -v valgrind >/dev/null || skip "no valgrind"
  [ -x "${NETY_PROGRAM:=$project/build/release/nety}" ] || broken "$NETY_PROGRAM is not built"
  cp "$NETY_PROGRAM" "$sandbox/another-place"
  run "$project/ci/count" "$NETY_PROGRAM" "$sandbox/another-place" --modes fp32,q4_1 -o "$sandbox/out"
  expect_code 0
  python3 - "$sandbox/out/count.json" <<'END' || broken "the counts differ"
import json, sys
counts = json.load(open(sys.argv[1]))["counts"]
assert len(counts) == 4 and all(it["change"] == 0 and it["baseline"] > 100000 for it in counts), counts
END
}

case_TheGateIsHalfAPercent() {
  fake_valgrind
  for candidate in 1004999:0 1005000:3 1100000:3 995000:0 900000:0 1000000:0; do
    echo "${candidate%:*}" >"$sandbox/b"
    count
    expect_code "${candidate#*:}"
  done
  echo 1005000 >"$sandbox/b"
  count --gate 1
  expect_code 0
  count
  expect_output "**MORE**"
  expect_output "+0.500 %"
  expect_file "$sandbox/out/count.md"
}

case_WhatCannotBeCountedIsNoSuccess() {
  fake_valgrind
  for said in 0 "no such mode"; do
    echo "$said" >"$sandbox/b"
    count
    expect_code 5
    expect_output "not counted"
  done
}

case_MistakesAreNamed() {
  fake_valgrind
  run "$project/ci/count" "$sandbox/program-a" /nowhere/nety
  expect_code 2
  count --modes fp32,fp3
  expect_code 2
  expect_output "fp3"
  run env PATH=/nowhere "$(python3 -c 'import sys; print(sys.executable)')" "$project/ci/count" "$sandbox/program-a" "$sandbox/program-b"
  expect_code 5
  expect_output "apt-get install valgrind"
}

run_cases "$@"
