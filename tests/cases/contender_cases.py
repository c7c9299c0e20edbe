"""Another engine beside ours (--contender): programs that stand for one, working and failing."""

import json
import os

from inputs import chain, folder, ids, speaker
from trial import expect

ABC = speaker(chain(ids("h")[0], ids("abc")))
ENGINES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench", "contenders")
QUICK = ("--quick", "--modes", "fp32", "--backends", "native", "-p", 16, "-n", 4, "-r", 1)


def server(kind):
    return f"other=python3 '{ENGINES}/server.py' {{port}} {kind}"


def llama_bench(kind):
    return f"other=python3 '{ENGINES}/llama_bench.py' {kind} 0"


def rows_of(path, backend):
    with open(path) as file:
        rows = json.load(file)["results"]
    return {row["phase"]: row for row in rows if row["backend"] == backend}


def engine_that_fails(t):
    """One message says what is wrong with the other engine and, under it, what to do; exit code 5;
    our own rows are whole."""
    model = os.path.abspath(folder("m", ABC))
    for contender, why in t.each(
        dies=(server("never_starts"), "failed to load model"),
        gone=("other=http://127.0.0.1:1", "nobody listens"),
        missing=("other=/nowhere/llama-bench", "exit code 127"),
        stalls=(server("stalls"), "no answer|silent|for 2 s|2 s"),
        garbage=(server("garbage"), "no event of a stream"),
        prints=(llama_bench("garbage"), "no JSON of llama-bench"),
        tokenizer=(server("other_tokenizer"), "another model"),
        size=(server("other_size"), "another model"),
        answers=(server("other_model"), "another model"),
    ):
        words = ("--contender", contender, "--contender-limit", "2s", "-o", "r.json")
        answer = t.nety("bench", model, *QUICK, *words, seconds=60).exits(5).says(why)
        lines = answer.err.strip().splitlines()
        told = [i for i, line in enumerate(lines) if "contender other:" in line]
        expect(len(told) == 1, "one message about it", answer.err[-600:])
        expect(told[0] + 1 < len(lines), "what to do, under it", answer.err[-300:])
        ours, theirs = rows_of("r.json", "native"), rows_of("r.json", "other")
        expect(ours["decode"]["status"] == "ok", "our own row", ours["decode"])
        expect(theirs["decode"]["status"] != "ok", "a row with the reason", theirs["decode"])
        expect(not theirs["decode"]["metrics"], "no figures of it", theirs["decode"])


def engine_that_works(t):
    """Its rates stand in the same table, under its name, and in the claim about other engines."""
    model = os.path.abspath(folder("m", ABC))
    for command in t.each(bench="bench", report="report"):
        where = ("-o", "r.json" if command == "bench" else "r")
        words = (model, *QUICK, "--contender", llama_bench("good"), *where)
        answer = t.nety(command, *words, seconds=100).ok()
        path = "r.json" if command == "bench" else "r/report.json"
        decode = rows_of(path, "other")["decode"]
        expect(abs(decode["metrics"]["tg_tps"]["median"] - 250) < 1, "250 tokens/s", decode)
        expect(decode["contender"] == "llama-bench", "how it was measured", decode)
        with open(path) as file:
            claims = {claim["id"]: claim for claim in json.load(file)["claims"]}
        evidence = claims["no-engine-faster"]["evidence"]
        expect("(other) decodes" in evidence, "the claim names it", evidence)
        expect("not known" in evidence, "that its answers are not known", evidence)
        if command == "bench":
            answer.says("other")


def mistakes(t):
    """What cannot be a contender is refused before anything is measured."""
    model = os.path.abspath(folder("m", ABC))
    for words, why in t.each(
        nameless=(("--contender", "llama-bench"), "NAME=COMMAND"),
        ours=(("--contender", "native=llama-bench"), "name of a backend"),
        options=(("--contender", "x=llama-bench -p 512"), "-p"),
        mode=(("--contender", "x@q9=llama-bench"), "unknown mode 'q9'"),
        twice=(("--contender", "x=a", "--contender", "x=b"), "name of its own"),
        time=(("--contender", "x=a", "--contender-limit", "soon"), "--contender-limit"),
    ):
        t.nety("bench", model, *words).exits(2).says(why)
    t.nety("bench", "--shape", "smollm2-135m", "--contender", "x=a").exits(2).says("--shape")


def compared_with_ours(t):
    """compare takes an engine for the candidate, and says of its answers that they are not known;
    one that fails ends it with exit code 5."""
    model = os.path.abspath(folder("m", ABC))
    few = ("--model", model, "--pairs", 2, "-p", 16, "-n", 4, "--mode", "fp32")
    words = ("--baseline", t.program, *few)
    t.nety("compare", *words, "--contender", llama_bench("good"), seconds=100).exits(0, 3, 4, 5).says(
        "not compared: other gave none"
    ).never_says("contender other:")
    t.nety("compare", *words, "--contender", llama_bench("dies")).exits(5).says(
        "contender other: it ended with exit code 1", "by hand"
    )
    t.nety("compare", *words, "--contender", "a=b", "--candidate", "c").exits(2)
