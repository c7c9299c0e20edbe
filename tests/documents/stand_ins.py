"""Every command of a document that does not run exactly as it stands there, with the reason. What
no row names runs as written. For all: the programs of PROGRAMS are stood in for, and NETY_SETUP=auto
answers set-up's question."""

PROGRAMS = {
    "cmake ninja ctest": "minutes of compiling and testing: presets, variables and targets are looked up",
    "apt-get dpkg-query ldconfig id sync": "they would change the machine: as in tests/ci",
    "python3": "pip and virtual environments as in tests/ci; anything else is the real one",
    "nvidia-smi": "without a GPU on every machine",
    "clang-format clang-tidy shellcheck": "the checks of ci/lint are tests of their own",
    "valgrind": "an hour of tests: they are listed",
}

MEASURING = "minutes of measuring: with a small model as the default one, and for two seconds"
PAIRS = "minutes of measuring: with a small model, and two pairs"
COUNTING = "minutes under valgrind, which is stood in for: its options are shown"
LARGE = "gigabytes of weights: under a limit of memory, so that they do not fit"
SERVING = "it would serve for ever, and there is no key: only its plan is made"
ENGINE = "other engines are not there: they are refused"
STACK = "a Python without transformers stands for the reader's"


class StandIn:
    """small: the default model is a small one. added: options at the end. changed: {text: other}.
    limit: kilobytes of address space. ends: the exit codes that are right."""

    def __init__(self, command, why, small=False, added="", changed=(), limit=None, ends=(0,)):
        self.command, self.why, self.small, self.limit = command, why, small, limit
        self.added, self.changed, self.ends = added, dict(changed), ends

    def line(self):
        line = self.command
        for old, new in self.changed.items():
            assert old in line, f"{old!r} is not in {line!r}"
            line = line.replace(old, new)
        line = f"{line} {self.added}".strip()
        return f"ulimit -v {self.limit}; {line}" if self.limit else line


def without_engine(command):
    """A measurement with other engines, none of which is there."""
    return StandIn(
        command, MEASURING + "; " + ENGINE, small=True, added="--budget 2s", ends=(5,)
    )


VERDICTS = (0, 3, 4, 5)  # of nety compare: which one, two pairs do not say

STAND_INS = {
    "README.md": [
        StandIn("./nety report", MEASURING, small=True, added="--budget 2s"),
    ],
    "docs/benchmarking.md": [
        StandIn("nety bench", MEASURING, small=True, added="--budget 2s"),
        StandIn("nety bench --quick", MEASURING, small=True, added="--budget 2s"),
        StandIn("nety bench --shape mistral-7b --modes int8,nf4", LARGE, limit=3_000_000),
        StandIn("nety bench --quality", MEASURING, small=True, added="--budget 2s"),
        StandIn(
            "nety bench --budget 120s -o run.jsonl", MEASURING, small=True, changed={"120s": "2s"}
        ),
        without_engine(
            'nety bench --contender "llama.cpp=llama-bench -m model.gguf"'
        ),
        without_engine(
            'nety bench --contender "llama.cpp=llama-server -m model.gguf -t {threads} --port {port}"'
        ),
        without_engine(
            "nety report --contender vllm=http://127.0.0.1:8000 --contender mine=py/bin/python"
        ),
        StandIn(
            "nety kernels --benchmark_filter=nf4",
            "minutes of measuring: for a moment each",
            added="--benchmark_min_time=0.0001",
        ),
    ],
    "docs/compare.md": [
        StandIn(
            "nety compare --baseline old/nety --candidate build/release/nety",
            PAIRS,
            small=True,
            added="--pairs 2",
            ends=VERDICTS,
        ),
        StandIn(
            'nety compare --baseline build/release/nety --contender "llama.cpp=llama-bench -m model.gguf"',
            PAIRS + "; " + ENGINE,
            small=True,
            added="--pairs 2",
            ends=(5,),
        ),
        StandIn(
            'nety compare --baseline "old/nety bench --quick --json"'
            ' --candidate "new/nety bench --quick --json"',
            PAIRS + " of one mode",
            small=True,
            changed={"--quick": "--quick --modes fp32 --backends native -r 1"},
            added="--pairs 2",
            ends=VERDICTS,
        ),
        StandIn(
            "nety compare --baseline monday.json --candidate today.json",
            "two files of a small model",
            ends=VERDICTS,
        ),
        StandIn(
            "ci/count old/nety build/release/nety",
            COUNTING,
            changed={"ci/count old/nety build/release/nety": "ci/count --help"},
        ),
        StandIn("ci/regression --count origin/main", COUNTING, added="-- --help"),
        StandIn("ci/regression origin/main", PAIRS, small=True, added="-- --pairs 2", ends=VERDICTS),
    ],
    "docs/performance.md": [
        StandIn(
            "build/release/nety-roofline --shape tinyllama-1.1b --modes fp32,int8,q4_k",
            "minutes of measuring: for one pair of moments, of a smaller shape",
            changed={"tinyllama-1.1b": "smollm2-135m"},
            added="--pairs 1 --slice-ms 1 --force",
        ),
        StandIn(
            "build/release/nety-roofline --modes q4_1+q8_0 --beside 1,2,4 --slice-ms 500",
            "minutes of measuring: for one pair of moments",
            changed={"500": "1"},
            added="--pairs 1 --force",
        ),
        StandIn(
            "build/release/nety-roofline --shape tinyllama-1.1b --modes fp32,bf16 --prefill 512",
            "minutes of measuring: for one pair of moments, of a smaller shape",
            changed={"tinyllama-1.1b": "smollm2-135m", "512": "16"},
            added="--pairs 1 --slice-ms 1 --force",
        ),
    ],
    "docs/python-stack.md": [
        StandIn(
            "nety bench --backends native,installed --modes fp32,bf16,int8,nf4 --quality",
            MEASURING + "; " + STACK,
            small=True,
            added="--budget 2s",
        ),
    ],
    "docs/reliability.md": [
        StandIn(
            "ci/campaign --nety build/delay/nety --log campaign.jsonl"
            " --plan same:40,slower-5:20,slower-3:2 --seconds 8000",
            "two hours of measuring: one comparison, of two pairs, of a small model",
            small=True,
            changed={"--plan same:40,slower-5:20,slower-3:2 --seconds 8000": "--plan same:1 -- --pairs 2"},
        ),
        StandIn(
            "valgrind --error-exitcode=1 build/release/test_kernels",
            "an hour of tests: they are listed",
        ),
    ],
    "docs/statistics.md": [
        StandIn(
            "ci/campaign --nety build/delay/nety --log campaign.jsonl --seconds 28800",
            "a night of measuring: one comparison, of two pairs, of a small model",
            small=True,
            changed={"--seconds 28800": "--plan same:1 -- --pairs 2"},
        ),
        StandIn("ci/count_campaign --log counts.jsonl", COUNTING, added="--help"),
    ],
    "docs/serve.md": [
        StandIn("nety serve", SERVING, added="--dry-run"),
        StandIn("nety serve default --port 9000 --slots 8 --ctx 8192", SERVING, added="--dry-run"),
        StandIn(
            "nety serve default --host 0.0.0.0 --api-key-file KEY",
            SERVING,
            changed={"--host 0.0.0.0 --api-key-file KEY": "--dry-run"},
        ),
    ],
    "docs/setup.md": [
        StandIn("./nety report", MEASURING, small=True, added="--budget 2s"),
    ],
    "docs/which.md": [
        StandIn("nety which", "a minute of measuring: a few seconds", added="--limit 1s"),
        StandIn(
            "bench/roofline/predictions.py --build build/release",
            "ten minutes of measuring: the smallest shape in one mode",
            added="--calibrate 1 --shapes smollm2-135m --modes bf16 --pairs 1",
        ),
    ],
    "docs/sample-report/README.md": [
        StandIn(
            "nety report --backends native,torch,installed --python py/bin/python --budget 480s",
            MEASURING + "; " + STACK,
            small=True,
            changed={"480s": "2s"},
        ),
        StandIn(
            "nety diag default --python py/bin/python -o stack.json",
            "a minute of trying modes: facts and known answers; " + STACK,
            added="--quick",
        ),
    ],
}
