#!/usr/bin/env bash
# Set-up on machines in every state, none of them this one.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source=tests/ci/bare_machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/bare_machine.sh"
before_each() { make_machine; }

torch() { echo "$cache/torch-2.11.0/torch"; }
model() { echo "$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf"; }
expect_nothing_done() {
  expect_no_call "apt-get install -y"
  expect_no_call "pip download"
  expect_no_file "$(model)"
}

case_WithoutTerminalAndPermissionItStopsAndSaysSo() {
  run "$clone/nety" setup
  expect_code 5
  expect_output "no terminal to ask on"
  expect_output "apt-get install --no-install-recommends cmake g++"
  expect_nothing_done
}

case_NeverStopsWithTheMissingNames() {
  install_everything
  sed -i '/^ninja-build$/d' "$sandbox/installed"
  NETY_SETUP=never run "$clone/nety" setup
  expect_code 5
  expect_output "Debian packages ninja-build;"
  expect_output "torch (0 MB)"
  expect_nothing_done
}

# What only one command needs is asked for when it is used, wherever its word stands.
case_TheMicroBenchmarksAskForTheirLibrary() {
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  sed -i '/^libbenchmark-dev$/d' "$sandbox/installed"
  for words in kernels '--lang fr -q kernels --benchmark_filter=x'; do
    # shellcheck disable=SC2086  # several words
    NETY_SETUP=never run "$clone/nety" $words
    expect_code 5
    expect_output "Debian packages libbenchmark-dev"
  done
  NETY_SETUP=never run "$clone/nety" setup
  expect_code 0
  NETY_SETUP=never run "$clone/nety" --lang kernels generate -p kernels
  expect_not_in_output libbenchmark-dev
}

case_OtherEnginesAskForAnHttpClient() {
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  sed -i '/^libcpp-httplib-dev$/d' "$sandbox/installed"
  for words in 'bench --contender x=http://127.0.0.1:1' 'report --contender=x=http://127.0.0.1:1'; do
    # shellcheck disable=SC2086  # several words
    NETY_SETUP=never run "$clone/nety" $words
    expect_code 5
    expect_output "Debian packages libcpp-httplib-dev"
  done
  NETY_SETUP=never run "$clone/nety" setup
  expect_code 0
}

case_TheServerAsksForAnHttpLibrary() {
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  sed -i '/^libcpp-httplib-dev$/d' "$sandbox/installed"
  NETY_SETUP=never run "$clone/nety" serve --port 0
  expect_code 5
  expect_output "Debian packages libcpp-httplib-dev"
  NETY_SETUP=never run "$clone/nety" setup
  expect_code 0
}

# The tests ask the server with a client that set-up unpacks beside everything else.
case_TheTestsGetTheirClient() {
  NETY_SETUP=auto run "$clone/ci/setup" --for tests
  expect_code 0
  expect_file "$cache"/openai-*/openai/__init__.py
}

case_AnUnknownPermissionIsAUsageError() {
  NETY_SETUP=perhaps run "$clone/nety" setup
  expect_code 2
  expect_output "NETY_SETUP is 'perhaps'"
}

case_AnUnknownOptionIsAUsageError() {
  run "$clone/nety" setup --fast
  expect_code 2
}

case_AutoInstallsAllAndTheNextTimeNothing() {
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  expect_file "$(torch)/lib/libtorch_cpu.so"
  expect_file "$(torch)/include/ATen/Tensor.h"
  expect_file "$cache/torch-2.11.0/nvidia/cu13/lib/libcudart.so.13"
  expect_file "$cache/torch-2.11.0/nvidia/cu13/lib/libcupti.so.13"
  expect_file "$(model)"
  expect_call "apt-get install -y"
  expect_no_call "apt-get update"
  : >"$sandbox/calls"
  run "$clone/ci/setup" --quiet
  expect_code 0
  expect_no_output
  expect_nothing_called_but_looking
}
expect_nothing_called_but_looking() {
  ! grep -vE '^(dpkg-query|id|ldconfig) ' "$sandbox/calls" || broken "called: $(cat "$sandbox/calls")"
}

case_TheSetVariableCiMeansAuto() {
  CI=true run "$clone/nety" setup
  expect_code 0
}

case_StandardOutputBelongsToTheProgram() {
  NETY_SETUP=auto run "$clone/ci/setup"
  [ -z "$printed" ] || broken "printed: $printed"
}

case_OnATerminalItAsksAndRespectsNo() {
  run_on_terminal n "$clone/nety" setup
  expect_code 5
  expect_output "1 MB to download"
  expect_output "Go on? [Y/n]"
  expect_output "nothing was installed"
  expect_nothing_done
}

case_OnATerminalEnterMeansYes() {
  run_on_terminal '' "$clone/nety" setup
  expect_code 0
  expect_file "$(model)"
}

# Half of each download has come, and half of the packages' installation is done.
case_OnATerminalItCountsWhatHasCome() {
  sed -i 's/^\(torch .*\) 1000 /\1 500000000 /' "$clone/ci/wheels.txt"
  touch "$sandbox/steady-network"
  run_on_terminal '' "$clone/nety" setup
  expect_code 0
  expect_output "packages: 1 MB of 1 MB"
  expect_output "packages: installing, 30 %"
  expect_output "torch: 250 MB of 500 MB"
  for columns in 80 40; do
    rm -rf "$cache"
    run_on_terminal '' bash -c "stty cols $columns; $clone/nety setup"
    expect_output "torch: 250 MB of 500 MB"
    ! tr '\r' '\n' <"$sandbox/stdout" | grep -E '^  (packages|torch):' | grep -E "^.{$columns,}" ||
      broken "a line of progress is wider than $columns columns"
  done
}

case_WithoutATerminalItSaysOnlyPlainLines() {
  touch "$sandbox/steady-network"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  expect_not_in_output $'\r'
  expect_not_in_output $'\e'
  expect_output "nety: downloading"
  expect_output "nety: installing"
}

case_PackageListsAreFetchedOnlyWhereTheyAreMissing() {
  touch "$sandbox/no-lists"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  [ "$(grep -c '^apt-get update' "$sandbox/calls")" = 1 ] || broken "expected one update"
}

case_OldPackageListsAreFetchedAgain() {
  touch "$sandbox/old-lists"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  expect_call "apt-get update"
}

case_WithoutRootAndSudoItNamesWhatAnAdministratorShouldRun() {
  fake id "echo 1000"
  hide sudo
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 5
  expect_output "neither root nor sudo"
  expect_output "apt-get install --no-install-recommends cmake"
  expect_nothing_done
}

case_ARefusalBySudoIsExplained() {
  fake id "echo 1000"
  fake sudo "exit 1"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 5
  expect_output "sudo does not let this user"
  expect_nothing_done
}

case_SudoIsUsedForPackagesOnly() {
  fake id "echo 1000"
  fake sudo 'shift; exec "$@"'
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  ! grep '^sudo' "$sandbox/calls" | grep -qv 'true\|apt-get' || broken "sudo for something else"
}

case_ItWorksWithoutLibTorchAndRemembersThat() {
  NETY_SETUP=auto run "$clone/nety" setup --without-torch
  expect_code 0
  expect_file "$(model)"
  expect_no_file "$(torch)"
  NETY_SETUP=never run "$clone/nety" setup
  expect_code 0
  NETY_SETUP=auto run "$clone/nety" setup --with-torch
  expect_code 0
  expect_file "$(torch)/lib/libc10.so"
}

case_AToolkitMakesTheCudaWheelsUnnecessary() {
  fake ldconfig 'echo "libcudart.so.13 => x libcupti.so.13 => y"'
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  expect_no_file "$cache/torch-2.11.0/nvidia"
  expect_no_call "nvidia-cuda"
}

case_AFolderOfWheelsReplacesTheNetwork() {
  NETY_SETUP=auto NETY_WHEELS=$sandbox/served run "$clone/nety" setup
  expect_code 0
  expect_file "$(model)"
  expect_no_call "pip download"
  expect_no_call "python3-pip"
}

case_AFolderThatLacksAWheelIsNamed() {
  rm "$sandbox/served/"torch*
  NETY_SETUP=auto NETY_WHEELS=$sandbox/served run "$clone/nety" setup
  expect_code 5
  expect_output "lacks torch-2.11.0"
}

case_ADamagedWheelIsRefusedAndLeavesNothing() {
  local wheel=("$sandbox"/served/torch*)
  printf x >>"${wheel[0]}"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 1
  expect_output "its SHA-256 differs"
  expect_no_file "$(torch)"
  [ -z "$(ls -d "$cache"/staging.* 2>/dev/null)" ] || broken "something half done was left"
}

case_AFailedDownloadNamesTheWayOut() {
  touch "$sandbox/no-network"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 1
  expect_output "pip could not download"
  expect_output "NETY_WHEELS"
}

case_AnInterruptedDownloadIsNotTakenForDone() {
  install_everything
  touch "$sandbox/slow-network"
  NETY_SETUP=auto "$clone/nety" setup >"$sandbox/stdout" 2>&1 &
  local setup=$!
  until grep -q 'pip download' "$sandbox/calls"; do sleep 0.05; done
  kill -TERM "$setup"
  code=0
  wait "$setup" || code=$?
  expect_code 143
  expect_no_file "$(model)"
  [ -z "$(ls -d "$cache"/staging.* 2>/dev/null)" ] || broken "something half done was left"
  rm "$sandbox/slow-network"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  expect_file "$(model)"
}

case_WhatAKilledSetUpLeftIsRemoved() {
  mkdir -p "$cache/staging.killed/torch"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  expect_no_file "$cache/staging.killed"
}

case_AnIncompletePartIsReplaced() {
  mkdir -p "$(torch)/lib"
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
  expect_file "$(torch)/lib/libtorch_cpu.so"
}

case_TestsNeedMorePackages() {
  NETY_SETUP=never run "$clone/ci/setup" --for tests
  expect_code 5
  expect_output "libgtest-dev"
}

case_WithoutDpkgItNamesWhatToInstallByHand() {
  hide dpkg-query
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 5
  expect_output "not a Debian-like machine"
  expect_output "libutf8proc-dev"
}

lack_only_the_python_stack() {
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 0
}

case_ThePythonStackIsAskedForWithItsSize() {
  lack_only_the_python_stack
  run_on_terminal n "$clone/nety" setup --python-stack
  expect_code 5
  expect_output "2810 MB (5 GB on disk): the Python stack"
  expect_output "bitsandbytes==0.50.2"
  expect_no_file "$cache/python-stack"
}

case_ThePythonStackIsMadeOnceInTheCache() {
  lack_only_the_python_stack
  NETY_SETUP=auto run "$clone/nety" setup --python-stack
  expect_code 0
  expect_file "$cache/python-stack/bin/python"
  expect_call "stack -m pip install"
  expect_call "transformers==5.23.0"
  ! grep -rF staging "$cache/python-stack" || broken "a script names the place it was made in"
  : >"$sandbox/calls"
  run "$clone/nety" setup --python-stack
  expect_code 0
  expect_nothing_called_but_looking
}

case_APythonStackThatCannotBeFetchedLeavesNothing() {
  lack_only_the_python_stack
  touch "$sandbox/no-network"
  NETY_SETUP=auto run "$clone/nety" setup --python-stack
  expect_code 1
  expect_output "pip could not install the Python stack"
  [ -z "$(find "$cache" -name 'python-stack*')" ] || broken "left: $(find "$cache" -name 'python-stack*')"
}

case_WithoutAPlaceForACacheItSaysWhatToSet() {
  unset HOME
  NETY_SETUP=auto run "$clone/nety" setup
  expect_code 5
  expect_output "XDG_CACHE_HOME"
}

run_cases "$@"
