#!/usr/bin/env python3
"""Change points of `nety trend` and of its peers on the same histories.

  peers.py make histories.json              40 histories with known changes, seeded
  peers.py ask histories.json               adds what otava and MongoDB's e_divisive find in them
                                            (pip install apache-otava signal-processing-algorithms)
  peers.py table histories.json [--nety build/release/nety] [--within 2]
                                            precision and recall of everybody, as Markdown

tests/data/trend/histories.json is such a file, with the peers' answers of the versions it names, so
that the tests need neither Python nor the peers."""

import argparse
import json
import math
import random
import subprocess
import tempfile
from pathlib import Path

COUNT = 40


# Histories: logarithms add up to level, drift, noise and spikes.


def steps_of(rng, length, most):
    """Places at least 12 values apart and from the ends, and shares of 2 to 10 %, up or down."""
    wanted = rng.randint(1, most)
    places, tries = [], 0
    while len(places) < wanted:
        place, tries = rng.randint(12, length - 12), tries + 1
        if all(abs(place - other) >= 12 for other in places):
            places.append(place)
        elif tries % 1000 == 0:
            places = []  # what is there leaves no room for another
    return [
        {"index": place, "size": rng.choice([-1, 1]) * rng.uniform(0.02, 0.10)}
        for place in sorted(places)
    ]


def history(number, seed):
    rng = random.Random(seed * 1000 + number)
    kind = ["flat", "drift", "spikes", "steps", "steps and spikes"][
        (0, 1, 2, 3, 3, 0, 1, 2, 3, 4)[number % 10]
    ]
    length = rng.randint(60, 150)
    noise = rng.uniform(0.005, 0.015)
    heavy = number % 4 == 3  # Student's t with 4 degrees of freedom, of the same spread
    drift = rng.choice([-1, 1]) * rng.uniform(0.03, 0.10) if kind == "drift" else 0.0
    changes = steps_of(rng, length, 3) if kind.startswith("steps") else []
    values = []
    level = math.log(rng.uniform(20, 200))
    for i in range(length):
        level += sum(math.log1p(change["size"]) for change in changes if change["index"] == i)
        draw = rng.gauss(0, 1)
        if heavy:
            draw /= math.sqrt(sum(rng.gauss(0, 1) ** 2 for _ in range(4)) / 2)
        value = level + drift * i / length + noise * draw
        if kind.endswith("spikes") and rng.random() < 0.06:
            value -= rng.uniform(0.05, 0.25)
        values.append(float(f"{math.exp(value):.5g}"))
    return {"kind": kind, "noise": round(noise, 5), "changes": changes, "values": values}


def make(path, seed):
    histories = [history(number, seed) for number in range(COUNT)]
    write(path, {"seed": seed, "peers": {}, "histories": histories})


def write(path, file):
    lines = ",\n".join(json.dumps(each) for each in file["histories"])
    head = json.dumps({key: value for key, value in file.items() if key != "histories"})
    Path(path).write_text(head[:-1] + ', "histories": [\n' + lines + "\n]}\n", encoding="utf-8")


# Peers, as their documentation calls them, with their own defaults.


def otava(values):
    from otava.series import AnalysisOptions, Metric, Series

    times = list(range(len(values)))
    series = Series("history", None, times, {"rate": Metric()}, {"rate": list(values)}, {})
    return [int(point.index) for point in series.analyze(AnalysisOptions()).change_points["rate"]]


def e_divisive(values):
    import numpy
    from signal_processing_algorithms.energy_statistics import energy_statistics

    numpy.random.seed(1)
    return sorted(
        int(i) for i in energy_statistics.e_divisive(values, pvalue=0.01, permutations=1000)
    )


PEERS = {
    "otava": ("apache-otava", otava),
    "e_divisive": ("signal-processing-algorithms", e_divisive),
}


def ask(path):
    from importlib.metadata import PackageNotFoundError, version

    file = json.loads(Path(path).read_text())
    for name, (package, find) in PEERS.items():
        try:
            file["peers"][name] = f"{package} {version(package)}"
        except PackageNotFoundError:
            print(f"{package} is not installed: what it found stays as it is")
            continue
        for each in file["histories"]:
            each[name] = find(each["values"])
    write(path, file)


def nety(program, values):
    """Through the command, as a user asks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        line = {"machine": "m", "metric": "tg_tps", "mode": "fp32", "n_prompt": 0, "n_gen": 128}
        line.update(created_utc="2026-01-01T00:00:00Z", unit="tok/s")
        with path.open("w") as out:
            for i, value in enumerate(values):
                out.write(json.dumps({**line, "commit": str(i), "candidate": value}) + "\n")
        run = subprocess.run([program, "trend", path, "--json"], capture_output=True, text=True)
        if run.returncode not in (0, 3):
            raise SystemExit(run.stderr)
        series = json.loads(run.stdout)["series"]
    return [change["index"] for change in series[0]["changes"]]


# Scores


def matched(found, changes, within):
    """How many of `found` are changes: each change is found once, by the nearest."""
    left, hits = list(found), 0
    for change in changes:
        near = [i for i in left if abs(i - change["index"]) <= within]
        if near:
            left.remove(min(near, key=lambda i: abs(i - change["index"])))
            hits += 1
    return hits


def score(histories, finder, within):
    found = hits = planted = false_histories = 0
    for each in histories:
        points = finder(each)
        hit = matched(points, each["changes"], within)
        found, hits, planted = found + len(points), hits + hit, planted + len(each["changes"])
        false_histories += len(points) > hit
    return found, hits, planted, false_histories


def share(part, whole):
    return f"{part / whole:.2f}" if whole else "-"


def table(path, program, within):
    file = json.loads(Path(path).read_text())
    finders = {name: lambda each, name=name: each[name] for name in file["peers"]}
    if program:
        answers = {id(each): nety(program, each["values"]) for each in file["histories"]}
        finders = {"nety trend": lambda each: answers[id(each)], **finders}
    print("| histories | n | changes | " + " | ".join(finders) + " |")
    if not finders:
        raise SystemExit("nobody to compare: peers.py ask, or --nety PROGRAM")
    print("|---|---:|---:|" + "---|" * len(finders))
    kinds = sorted({each["kind"] for each in file["histories"]}, key=lambda k: (len(k), k))
    for kind in [*kinds, "all"]:
        chosen = [each for each in file["histories"] if kind in ("all", each["kind"])]
        cells = []
        for finder in finders.values():
            found, hits, planted, _ = score(chosen, finder, within)
            cells.append(
                f"{hits} found, {found - hits} false"
                if kind != "all"
                else f"precision {share(hits, found)}, recall {share(hits, planted)}"
            )
        print(f"| {kind} | {len(chosen)} | {planted} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("verb", choices=["make", "ask", "table"])
    parser.add_argument("histories")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nety")
    parser.add_argument("--within", type=int, default=2, help="values that a place may be off by")
    arguments = parser.parse_args()
    if arguments.verb == "make":
        make(arguments.histories, arguments.seed)
    elif arguments.verb == "ask":
        ask(arguments.histories)
    else:
        table(arguments.histories, arguments.nety, arguments.within)


if __name__ == "__main__":
    main()
