"""nety bench and nety kernels where something that they could use is not there."""

import json
import os
import re

from inputs import chain, folder, gguf, gguf_keys, gguf_tensors, ids, speaker
from trial import expect

ABC = speaker(chain(ids("h")[0], ids("abc")))


def model_without_tokenizer(t):
    """A model without a usable tokenizer: its rates are measured; that there is no text, and so no
    quality and no time to the first word, is said before."""
    without = folder("m", ABC)
    os.remove(os.path.join(without, "tokenizer.json"))
    texts = ("tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.token_type")
    gguf("m.gguf", {k: v for k, v in gguf_keys().items() if k not in texts}, gguf_tensors(ABC))
    gguf("p.gguf", gguf_keys(pre="no-such-bpe"), gguf_tensors(ABC))
    quick = ("--quick", "--modes", "fp32", "--backends", "native", "-r", 1, "--budget", "5s")
    for model, why in t.each(
        folder=("m", "tokenizer.json"),
        gguf=("m.gguf", "tokenizer.ggml.tokens"),
        unknown=("p.gguf", "no-such-bpe"),
    ):
        words = (os.path.join("..", model), *quick, "-o", "r.json")
        t.nety("bench", *words, seconds=60).ok().says(why)
        with open("r.json") as file:
            content = json.load(file)
        rows = {row["phase"]: row for row in content["results"]}
        for phase in ("load", "prefill", "decode"):
            expect(rows[phase]["status"] == "ok", f"{phase} measured", rows[phase])
        expect(rows["generate"]["status"] == "skipped", "generate skipped", rows["generate"])
        expect(why in rows["generate"]["reason"], f"a reason with {why}", rows["generate"])
        expect(
            any(why in x for x in content["warnings"]), f"a warning with {why}", content["warnings"]
        )


def what_it_does_now(t):
    """On a terminal a line says what bench does, for how long, and how long it takes in all, no
    wider than the terminal and without colours; elsewhere one plain line says how long it takes."""
    model = folder("m", ABC)
    quick = ("bench", model, "--quick", "--modes", "fp32,int8", "--backends", "native", "-n", 64)
    budget = ("--budget", "20s")
    for columns, env in t.each(
        wide=(80, {}), narrow=(40, {}), plain=(80, {"NO_COLOR": "1"}), french=(40, {"LANG": "fr_FR.UTF-8"})
    ):
        words = (*quick, *budget) if "LANG" not in env else ("--lang", "fr", *quick, *budget)
        words = [os.path.join("..", model) if word == model else word for word in words]
        screen = t.on_terminal(*words, columns=columns, env=env).ok().out
        lines = re.findall(r"\d+:\d\d (?:of about|sur) \d+:\d\d(?: environ)?  [^\r\n\x1b]*", screen)
        expect(lines, "a line with times", screen[-300:])
        expect(any("fp32 native" in x or "int8 native" in x for x in lines), "what it does", lines)
        for line in lines:
            expect(len(line) < columns, f"at most {columns - 1} columns", line)
        expect(not re.search(r"\x1b\[[\d;]*m", screen), "no colours", screen[-300:])
        left = screen[screen.rindex("\x1b[J") :]
        expect(not re.search(r"of about|sur \d+:", left), "nothing of it in the end", left)
    answer = t.nety(*quick, *budget, seconds=60).ok()
    expect("\r" not in answer.err and "\x1b" not in answer.err, "plain lines", answer.err)
    answer.says("Measuring 2 configurations, in about 20.0 s.")
