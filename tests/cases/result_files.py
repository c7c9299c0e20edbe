"""Result files of nety bench, as cases that compare them need them."""

import json

from inputs import chain, folder, ids, speaker, write


def bench(t):
    """The content of a result file of nety bench: a small model in fp32, six rounds."""

    def make(path):
        model = folder(path + "-model", speaker(chain(ids("h")[0], ids("abc"))))
        t.nety(
            "bench",
            model,
            "--quick",
            "--modes",
            "fp32",
            "--backends",
            "native",
            "-r",
            6,
            "-o",
            path,
        ).ok()

    with open(t.once("bench.json", make)) as file:
        content = json.load(file)
    content["decision"] |= dict(mode="fp32", backend="native", device="cpu")
    return content


STEADY = [100.0, 100.3, 99.8, 100.1, 99.9, 100.2, 100.4, 99.7, 100.5, 99.6]


def results(
    path, content, factor=1.0, samples=6, metrics=("tg_tps", "pp_tps"), edit=lambda row: None
):
    """Writes a result file whose `metrics` have steady samples times `factor`; edit(row) changes
    each row of results."""
    content = json.loads(json.dumps(content))
    for row in content["results"]:
        for name in metrics:
            if name in row["metrics"]:
                values = [x * factor for x in STEADY[:samples]]
                row["metrics"][name] |= dict(
                    samples=values, n=samples, median=sorted(values)[samples // 2], ci=None
                )
                row["metrics"][name] |= dict(min=min(values), max=max(values))
        edit(row)
    write(path, json.dumps(content))
    return path
