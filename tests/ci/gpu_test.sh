#!/usr/bin/env bash
# ci/gpu without a GPU, and with one that only seems to be there.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# A folder of programs in front of the system's: nvidia-smi says what $1 says, every time.
pretend_driver() {
  mkdir -p "$sandbox/bin"
  printf '#!/bin/sh\n%s\n' "$1" >"$sandbox/bin/nvidia-smi"
  chmod +x "$sandbox/bin/nvidia-smi"
  export PATH=$sandbox/bin:$PATH
}

# A built tree of which each program does as told.
pretend_tree() {
  mkdir -p "$sandbox/tree"
  printf '#!/bin/sh\necho "nety $*" >>"%s/asked"\n' "$sandbox" >"$sandbox/tree/nety"
  printf '#!/bin/sh\n%s\n' "$1" >"$sandbox/tree/test_gpu"
  touch "$sandbox/tree/libnety_cuda.so"
  chmod +x "$sandbox/tree/nety" "$sandbox/tree/test_gpu"
}

case_WithoutAGpuNothingIsRun() {
  pretend_driver 'echo "NVIDIA-SMI has failed"; exit 9'
  run "$project/ci/gpu" --out "$sandbox/report"
  expect_code 0
  expect_output 'not run: no GPU'
  expect_no_file "$sandbox/report/summary.txt"
}

case_ABuiltTreeIsEnough() {
  pretend_driver 'echo "GPU 0: NVIDIA H100"'
  pretend_tree 'exit 0'
  run "$project/ci/gpu" --tree "$sandbox/tree" --out "$sandbox/report" --shape smollm2-135m
  expect_code 0
  expect_output 'passed  tests'
  expect_output 'passed  bench'
  expect_file "$sandbox/report/summary.txt"
  grep -q -- '--shape smollm2-135m --backends cuda,native' "$sandbox/asked" || broken 'no benchmark'
}

case_FailedTestsAreSaid() {
  pretend_driver 'echo "GPU 0: NVIDIA H100"'
  pretend_tree 'exit 1'
  run "$project/ci/gpu" --tree "$sandbox/tree" --out "$sandbox/report"
  expect_code 1
  expect_output 'FAILED  tests: exit code 1'
}

case_AGpuThatThePluginCannotUseIsAFailure() {
  pretend_driver 'echo "GPU 0: NVIDIA H100"'
  pretend_tree 'echo "not run: no GPU: the driver is too old"'
  run "$project/ci/gpu" --tree "$sandbox/tree" --out "$sandbox/report"
  expect_code 1
  expect_output 'cannot use'
}

case_AnIncompleteTreeIsRefused() {
  pretend_driver 'echo "GPU 0: NVIDIA H100"'
  run "$project/ci/gpu" --tree "$sandbox/nothing"
  expect_code 2
  expect_output 'libnety_cuda.so'
}

run_cases "$@"
