#!/usr/bin/env bash
# Each check of ci/lint finds what it is there for, and nothing in a clean project.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# A small clean project with our ci/ in it.
before_each() {
  clone=$sandbox/clone
  mkdir -p "$clone"/{core/base,core/results,core/backends/torch,core/model,app,tests/data}
  cp -r "$project/ci" "$project/.clang-format" "$clone"
  printf '// What it is.\n#pragma once\n' >"$clone/core/base/error.h"
  printf '#include "core/base/error.h"\n\n#include <string>\n' >"$clone/core/results/results.cpp"
}

case_ACleanProjectPasses() {
  run "$clone/ci/lint" layers length paths
  expect_code 0
  expect_no_output
}

case_AnArrowThatPointsBackIsNamedWithItsLine() {
  printf '\n#include "core/results/results.h"\n' >"$clone/core/base/error.cpp"
  run "$clone/ci/lint" layers
  expect_code 1
  expect_output "core/base/error.cpp:2: base may not include core/results/results.h"
}

case_ArrowsReachThroughOtherFolders() {
  echo '#include "core/base/error.h"' >"$clone/app/main.cpp"
  echo '#include "core/results/results.h"' >>"$clone/app/main.cpp"
  run "$clone/ci/lint" layers
  expect_code 0
}

case_OnlyTheTorchBackendIncludesLibTorch() {
  echo '#include <ATen/core/Tensor.h>' >"$clone/core/backends/torch/matmul.cpp"
  run "$clone/ci/lint" layers
  expect_code 0
  echo '#include <c10/core/Device.h>' >"$clone/core/model/forward.cpp"
  run "$clone/ci/lint" layers
  expect_code 1
  expect_output "core/model/forward.cpp:1: only core/backends/torch"
}

case_IncludesAreWrittenFromTheRoot() {
  echo '#include "../base/error.h"' >"$clone/core/results/results.cpp"
  run "$clone/ci/lint" layers
  expect_code 1
  expect_output "write the path from the root"
}

case_ANewFolderNeedsARow() {
  mkdir "$clone/core/extra"
  echo '#include "core/base/error.h"' >"$clone/core/extra/extra.cpp"
  run "$clone/ci/lint" layers
  expect_code 1
  expect_output "extra has no row in ci/layers"
}

case_LongFilesAreReportedAndVeryLongOnesRefused() {
  seq 450 | sed 's/^/\/\/ /' >"$clone/core/base/error.h"
  run "$clone/ci/lint" length
  expect_code 0
  expect_output "core/base/error.h: warning: 450 lines"
  seq 601 | sed 's/^/\/\/ /' >"$clone/core/base/error.h"
  run "$clone/ci/lint" length
  expect_code 1
}

case_PathsOfOneMachineAreFound() {
  local folder=home
  echo "// see /$folder/somebody/model.gguf" >"$clone/core/base/error.h"
  run "$clone/ci/lint" paths
  expect_code 1
  expect_output "core/base/error.h:1"
  # Captured machines under tests/data may hold anything.
  mv "$clone/core/base/error.h" "$clone/tests/data/"
  run "$clone/ci/lint" paths
  expect_code 0
}

case_TheLayoutIsCheckedAndRepaired() {
  command -v clang-format >/dev/null || skip "clang-format is not installed"
  echo 'int  f( ){return 1;}' >"$clone/core/base/error.h"
  run "$clone/ci/lint" layout
  expect_code 1
  expect_output "core/base/error.h:1: laid out differently"
  run "$clone/ci/lint" --fix
  run "$clone/ci/lint" layout
  expect_code 0
}

case_AMissingToolIsNotAPass() {
  mkdir "$sandbox/basic"
  ln -s /usr/bin/* "$sandbox/basic/" && rm -f "$sandbox/basic/shellcheck"
  PATH=$sandbox/basic run "$clone/ci/lint" shell
  expect_code 5
  expect_output "needs shellcheck"
}

case_AnUnknownCheckIsAUsageError() {
  run "$clone/ci/lint" spelling
  expect_code 2
}

run_cases "$@"
