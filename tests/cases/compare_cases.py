"""nety compare: what it measures by itself, and what it says of two result files."""

import json
import os

from inputs import gguf, gguf_keys, gguf_tensors, sizes, thinker
from result_files import bench, results
from trial import expect


def compared(t, baseline, candidate, *words):
    return t.nety("compare", "--baseline", baseline, "--candidate", candidate, *words)


def defaults_compare_two_programs(t):
    """Two programs by the default options: both are measured. Only pairs are fewer, for time."""
    os.makedirs("cache/nety/models")
    c = sizes(dim=32, head=8, ffn=48, layers=2, context=1024)
    model = "cache/nety/models/SmolLM2-135M-Instruct.Q4_1.gguf"  # a small one in its place
    gguf(model, gguf_keys(c), gguf_tensors(thinker(c), c))
    words = ("--baseline", t.program, "--candidate", t.program, "--pairs", 2, "-o", "c.json")
    cache = {"XDG_CACHE_HOME": os.path.abspath("cache")}
    t.nety("compare", *words, env=cache, seconds=110).exits(0, 4, 5)  # 5: A differs from A
    with open("c.json") as file:
        rows = {(x["metric"], x["n_prompt"], x["n_gen"]): x for x in json.load(file)["comparisons"]}
    for figure in (("tg_tps", 0, 128), ("pp_tps", 512, 0), ("ttft_s", 128, 4)):
        expect(figure in rows, f"a comparison of {figure}", list(rows))
        expect(rows[figure]["ratio"]["n"] == 2, "2 pairs", rows[figure]["ratio"])


def six_samples_at_a_quarter_of_the_speed(t):
    """Two files of six samples each, decode and prefill at another speed: so few decide nothing for
    two gates, and that is no success, with or without --strict. With seven they decide."""
    content = bench(t)
    for factor in t.each(quarter=0.23, same=1.0, faster=4.0):
        a, b = results("a.json", content), results("b.json", content, factor=factor)
        for words in ((), ("--strict",)):
            compared(t, a, b, *words).exits(4).says("at least 7")
        compared(t, a, b, "--warn-only").ok()
    for samples in t.each(six=6, three=3, one=1):
        a = results("a.json", content, samples=samples)
        b = results("b.json", content, factor=0.23, samples=samples)
        gate = compared(t, a, b, "--gate", "tg_tps")
        gate.exits(3 if samples >= 6 else 4)
    for samples in t.each(seven=7, ten=10):
        a = results("a.json", content, samples=samples)
        compared(t, a, results("b.json", content, factor=0.23, samples=samples)).exits(3)
        compared(t, a, results("c.json", content, samples=samples)).exits(0)


def noisy_samples_that_could_decide(t):
    """Enough samples that happen not to decide are no failure, unless --strict."""
    content = bench(t)

    def shaken(row):
        for metric in row["metrics"].values():
            samples = metric.get("samples") or []
            metric["samples"] = [x * (0.9 if i % 2 else 1.1) for i, x in enumerate(samples)]

    a = results("a.json", content, samples=10)
    b = results("b.json", content, samples=10, edit=shaken)
    compared(t, a, b).exits(0).says("inconclusive")
    compared(t, a, b, "--strict").exits(4)


def files_of_other_threads(t):
    """The candidate's rows ran under another condition that makes speed: incomparable, saying in
    what. Another build of the program is no such condition."""
    content = bench(t)
    for name, value in t.each(
        threads=("threads", 64), isa=("isa", "other"), device=("device", "x")
    ):
        edit = lambda row: row.update({name: value})  # noqa: E731
        other = results("b.json", content, samples=10, edit=edit)
        answer = compared(t, results("a.json", content, samples=10), other)
        said = ("kv", "bf16") if name == "conditions" else (name, str(value))
        answer.exits(5).says(*said).never_says("improvement", "regression")
    for build in t.each(build="nety 9.9"):
        a = results("a.json", content, samples=10)
        other = results("b.json", content | {"tool": build}, samples=10)
        compared(t, a, other).exits(0)


def files_of_other_units(t):
    """The candidate gives a figure in another unit: incomparable, not -99.9 %."""
    content = bench(t)
    for metric, unit in t.each(decode=("tg_tps", "tok/ms"), prefill=("pp_tps", "tok/min")):

        def in_unit(row):
            if metric in row["metrics"]:
                found = row["metrics"][metric]
                found |= dict(unit=unit, samples=[x / 1000 for x in found["samples"]], median=0.1)

        other = results("b.json", content, samples=10, edit=in_unit)
        answer = compared(t, results("a.json", content, samples=10), other)
        answer.exits(5).says(f"unit: tok/s, {unit}").never_says("-99.9")
