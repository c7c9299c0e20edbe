"""nety compare: what it measures by itself, and what it says of two result files."""

import json
import os

from inputs import gguf, gguf_keys, gguf_tensors, sizes, thinker
from trial import expect


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
