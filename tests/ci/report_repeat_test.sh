#!/usr/bin/env bash
# ci/report_repeat on a program that writes made-up reports: what is counted, and that it goes on where it stopped.
# shellcheck source=tests/ci/harness.sh
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# Each line of $sandbox/verdicts is a report: the verdict of bf16-faster, and what its evidence adds.
before_each() {
  export sandbox NETY=$sandbox/nety
  cat >"$NETY" <<'END'
#!/usr/bin/env python3
import json, os, sys
from pathlib import Path
sandbox = Path(os.environ["sandbox"])
done = sandbox / "done"
number = len(done.read_text().splitlines()) if done.exists() else 0
with done.open("a") as log:
    log.write(" ".join(sys.argv[1:]) + "\n")
verdict, _, note = (sandbox / "verdicts").read_text().splitlines()[number].partition(" ")
if verdict == "fails":
    sys.exit("no model")
claim = lambda id, verdict, evidence="": {"id": id, "verdict": verdict, "evidence": evidence, "sensitivity": "More pairs."}  # noqa: E731
row = lambda mode, rates: {"phase": "decode", "backend": "native", "mode": mode,  # noqa: E731
                           "metrics": {"tg_tps": {"samples": rates, "turns": [1, 2, 3][:len(rates)]}}}
out = Path(sys.argv[sys.argv.index("-o") + 1])
(out / "report.json").write_text(json.dumps({
    "claims": [claim("bf16-faster", verdict, note), claim("best-admissible", "SUPPORTED"), claim("gpu-4bit", "NOT TESTED")],
    "results": [row("fp32", [10, 20, 30]), row("bf16", [15, 30])]}))
END
  chmod +x "$NETY"
}
repeat() { run "$project/ci/report_repeat" -o "$sandbox/runs" "$@"; }

case_CountsVerdictsTiesAndWhatIsOpen() {
  printf '%s\n' 'SUPPORTED' 'INCONCLUSIVE ratio 1.02x.' 'SUPPORTED A tie: they differ by less.' >"$sandbox/verdicts"
  repeat -n 3 -- --budget 60s
  expect_code 0
  expect_output "bf16-faster      SUPPORTED 2, INCONCLUSIVE 1; called a tie in 1"
  expect_output "inconclusive: bf16-faster in 1 of 3; over all runs 1.500x (1.500 to 1.500)"
  expect_output "  run 2: ratio 1.02x. More pairs."
  expect_output "slices of run 3: fp32 native 3, bf16 native 2"
  expect_output "3 runs: the choice decided in 3, 1 of 27 policy claims inconclusive, 0 contradictions"
  expect_not_in_output "gpu-4bit"
  grep -qx -- '--lang en report -o .*/runs/1.part --budget 60s' "$sandbox/done" || broken "other arguments"
  expect_file "$sandbox/runs/3/run.json"
}

case_AContradictionIsAFailure() {
  printf '%s\n' 'SUPPORTED' 'REFUTED' >"$sandbox/verdicts"
  repeat -n 2
  expect_code 3
  expect_output "1 contradictions: bf16-faster"
}

case_GoesOnWhereItStopped() {
  printf '%s\n' 'SUPPORTED' 'fails' 'SUPPORTED' 'SUPPORTED' >"$sandbox/verdicts"
  repeat -n 3
  expect_code 1
  expect_output "no model"
  expect_file "$sandbox/runs/1/report.json"
  expect_no_file "$sandbox/runs/2"
  repeat -n 3
  expect_code 0
  expect_output "3 runs: the choice decided in 3"
  [ "$(wc -l <"$sandbox/done")" = 4 ] || broken "made again what was there"
  repeat
  expect_code 0
  repeat -n 3 --seconds 1
  expect_code 0
  [ "$(wc -l <"$sandbox/done")" = 4 ] || broken "made again what was there"
}

case_EndsInTheTimeItIsGiven() {
  printf '%s\n' SUPPORTED SUPPORTED SUPPORTED >"$sandbox/verdicts"
  repeat -n 3 --seconds 0.01
  expect_code 0
  expect_output "the time is over before run 2"
  expect_output "1 runs:"
}

run_cases "$@"
