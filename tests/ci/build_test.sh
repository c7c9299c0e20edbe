#!/usr/bin/env bash
# ci/build and the launcher on a project of one file: what is configured again, what is said, what is passed.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source=tests/ci/bare_machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/bare_machine.sh"

# A developer's own compiler cache is not what is tested.
unset CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER CMAKE_CUDA_COMPILER_LAUNCHER

# Everything is installed; the program prints its arguments.
before_each() {
  make_machine
  install_everything
  NETY_SETUP=auto run "$clone/ci/setup"
  cp "$project/CMakePresets.json" "$clone"
  cat >"$clone/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(nety LANGUAGES C)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_executable(nety main.c)
set_target_properties(nety PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
add_custom_target(program DEPENDS nety)
END
  cat >"$clone/main.c" <<'END'
#include <stdio.h>
int main(int n, char** a) { for (int i = 1; i < n; ++i) puts(a[i]); return 7; }
END
}

case_TheLauncherBuildsAndPassesEverythingOn() {
  run "$clone/nety" generate -p "two words" ''
  expect_code 7
  [ "$printed" = $'generate\n-p\ntwo words' ] || broken "printed: $printed"
  expect_output "configuring build/release"
  expect_output "building in build/release: 2 steps"
}

case_OnATerminalItCountsSteps() {
  run_on_terminal '' "$clone/nety"
  expect_code 7
  expect_output "built 1 of 2"
  rm -rf "$clone/build"
  run "$clone/nety"
  expect_not_in_output "built 1 of 2"
  expect_not_in_output $'\r'
}

case_TheSecondTimeItSaysNothing() {
  run "$clone/nety"
  run "$clone/nety"
  expect_code 7
  expect_no_output
}

case_OnlyABuildOfEverythingFromNothingNotesItsCost() {
  run "$clone/ci/build" release program
  expect_no_file "$clone/build/release/cost.txt"
  rm -rf "$clone/build"
  run "$clone/ci/build" release
  expect_file "$clone/build/release/cost.txt"
  run "$clone/ci/build" release
  expect_no_file "$clone/build/release/cost.txt"
}

case_AChangedFileIsBuiltAgain() {
  run "$clone/nety"
  sleep 0.01
  echo 'int main(void) { return 9; }' >"$clone/main.c"
  run "$clone/nety"
  expect_code 9
  expect_not_in_output "configuring"
}

case_ACompilerErrorIsShown() {
  echo 'int main(void) { return nothing; }' >"$clone/main.c"
  run "$clone/nety"
  expect_code 1
  expect_output "FAILED:"
  expect_output "undeclared"
  expect_output "the build failed"
}

case_AnErrorOfCMakeIsShown() {
  echo 'message(FATAL_ERROR "no such thing")' >>"$clone/CMakeLists.txt"
  run "$clone/nety"
  expect_code 1
  expect_output "no such thing"
}

case_LibTorchComingOrGoingConfiguresAgain() {
  run "$clone/nety"
  grep -q '^NETY_TORCH:UNINITIALIZED=ON' "$clone/build/release/CMakeCache.txt" || broken "LibTorch is not on"
  NETY_SETUP=auto run "$clone/nety" setup --without-torch
  run "$clone/nety"
  expect_output "configuring"
  grep -q '^NETY_TORCH:UNINITIALIZED=OFF' "$clone/build/release/CMakeCache.txt" || broken "LibTorch is not off"
}

case_AMovedCloneIsConfiguredAfresh() {
  run "$clone/nety"
  mv "$clone" "$sandbox/moved"
  run "$sandbox/moved/nety"
  expect_code 7
}

case_ItWorksFromAnyFolderAndThroughALink() {
  ln -s "$clone/nety" "$sandbox/bin/linked-nety"
  cd "$HOME"
  run linked-nety
  expect_code 7
}

run_cases "$@"
