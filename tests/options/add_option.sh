#!/usr/bin/env bash
# An option of running a model is one row: adds a dummy to a copy of the project, builds it, and looks for it
# wherever options are passed on.   add_option.sh [WORK]
# shellcheck source=tests/copy_of_project.sh
source "$(dirname "${BASH_SOURCE[0]}")/../copy_of_project.sh"

# One row, and nothing else.
row='NETY_OPTION(int64_t, dummy, 0, "--dummy", kPlanned | kCondition, between(0, 9), "An option for a test")'
echo "$row" >>"$copy/core/options/run_options.def"
changes=$(differences -U0 | grep -E '^([-+][^-+]|Only in)')
[ "$changes" = "+$row" ] || broken "more than a row is changed: $changes"

build nety test_options test_bench test_diag
model=$project/tests/data/checkpoints/fp32
export NETY_EVIDENCE=off

# refuses WHAT COMMAND...: the command refuses the dummy's value as a usage error.
refuses() {
  local what=$1 code=0
  shift
  "$@" >"$work/out" 2>&1 || code=$?
  { [ "$code" = 2 ] && grep -qF "12 is outside 0 to 9" "$work/out"; } || { cat "$work/out" && broken "$what is not checked"; }
  echo "ok: $what"
}
for command in generate chat logits fit diag bench report compare; do
  shows "the help of $command" '--dummy ' "$nety" "$command" --help
done
refuses "the range" "$nety" fit "$model" --dummy 12
printf '[fit]\ndummy=12\n' >"$work/config"
refuses "the range in a config file" "$nety" --config "$work/config" fit "$model"
shows "the memory plan" '^fp32 ' "$nety" fit "$model" --dummy 3
# Tests that visit the list: as JSON, and in the protocols of both kinds of workers.
shows "options as JSON" '\[  PASSED  \] [1-9]' "$build/test_options"
shows "the protocol of bench" '\[  PASSED  \] [1-9]' "$build/test_bench" --gtest_filter='Protocol.*Option*'
shows "the protocol of trials" '\[  PASSED  \] [1-9]' "$build/test_diag" --gtest_filter='TrialProtocol.*Option*'
shows "rows of results" '"dummy": "7"' "$nety" bench "$model" --modes fp32 --backends native --quick --dummy 7 --json
"$nety" bench "$model" --modes fp32 --backends native --quick --json >"$work/out" 2>&1
! grep -q '"conditions"' "$work/out" || broken "rows name conditions although all are the usual ones"
echo "ok: rows under usual conditions name none"
