"""nety bench and nety kernels where something that they could use is not there."""

import json
import os

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
