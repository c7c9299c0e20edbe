#!/usr/bin/env python3
"""How far predictions of nety which are from what is measured. Calibrates, then times shapes of random
weights in several modes by nety-roofline, which prints the prediction from that calibration beside each
figure: of decode given the reading of the same pairs, and with its interval without that.

    bench/roofline/predictions.py --build build/release
        [--shapes ...] [--modes ...] [--threads N] [--isa avx2] [--neighbour] [--log FILE] [--limit SECONDS]

Nothing else should run. Under `taskset -c 0` it measures one core. --neighbour starts a program that copies
memory all the time, after the calibration. Prints the share of decode predictions within 15 %, of prefill
within 20 %, and how many measured figures lie in their intervals."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

# Dense from 135 million to 8 billion weights, and two mixtures. The number: tokens of the prompt.
SHAPES = [
    ("smollm2-135m", 512),
    ("smollm2-360m", 512),
    ("qwen2.5-0.5b", 512),
    ("llama-3.2-1b", 256),
    ("tinyllama-1.1b", 256),
    ("granite-3.1-1b-a400m", 512),
    ("qwen2.5-1.5b", 256),
    ("gemma-2-2b", 128),
    ("llama-3.2-3b", 128),
    ("qwen3-4b", 128),
    ("olmoe-1b-7b", 256),
    ("llama-3.1-8b", 64),
]
MODES = ["bf16", "int8", "nf4", "q8_0", "q4_0"]
NEIGHBOUR = "a = bytearray(256 << 20)\nwhile True: b = bytes(a)"

LINE = re.compile(
    r"^(?P<mode>\S+)\s+(?P<what>decode|pp)\s*@?(?P<n>\d+)\s+(?P<measured>[\d.]+) tok/s.*"
    r"predicted (?P<given>[\d.]+) given the reading, "
    r"(?P<value>[\d.]+) \[(?P<low>[\d.]+), (?P<high>[\d.]+)\] without"
)


def calibrated(options, folder):
    """The path of a fresh calibration."""
    command = [options.build / "nety", "which", "--measure", "--limit", f"{options.calibrate}s", "--json", "-v"]
    if options.threads:
        command += ["--threads", str(options.threads)]
    if options.isa:
        command += ["--isa", options.isa]
    start = time.time()
    run = subprocess.run(
        command,
        env={**os.environ, "NETY_CALIBRATION": str(folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    (path,) = pathlib.Path(folder).glob("*.json")
    found = json.loads(path.read_text())
    print(
        f"calibrated in {time.time() - start:.1f} s: {found['threads']} threads, {len(found['modes'])} modes, "
        + ", ".join(f"{r['bytes'] >> 20} MiB {r['bytes_per_s']['median'] / 1e9:.1f}" for r in found["reads"])
        + " GB/s"
    )
    if options.keep:
        pathlib.Path(options.keep).write_text(path.read_text())
        pathlib.Path(options.keep + ".timings").write_text(run.stderr)
    return path, found


def rows_of(options, path, calibration, shape, prompt):
    command = [
        options.build / "nety-roofline", "--shape", shape, "--modes", ",".join(options.modes),
        "--pairs", str(options.pairs), "--slice-ms", "40", "--prefill", str(prompt), "--both", "--force",
        "--predict", str(path), "--threads", str(calibration["threads"]),
    ]  # fmt: skip
    if options.isa:
        command += ["--isa", options.isa]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        print(f"{shape}: {run.stderr.strip()}", file=sys.stderr)
    for line in run.stdout.splitlines():
        if found := LINE.match(line):
            row = {"shape": shape, **found.groupdict()}
            for key in ("measured", "given", "value", "low", "high"):
                row[key] = float(row[key])
            yield row


def share(rows, key, most):
    good = sum(abs(row[key] / row["measured"] - 1) <= most for row in rows)
    return f"{good} of {len(rows)}" + (f" ({100 * good / len(rows):.0f} %)" if rows else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default="build/release")
    parser.add_argument("--shapes", nargs="*", help="names; else twelve")
    parser.add_argument("--modes", nargs="*", default=MODES)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--isa")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--calibrate", type=int, default=50, help="seconds")
    parser.add_argument("--calibration", type=pathlib.Path, help="a kept one, in place of measuring")
    parser.add_argument("--keep", help="write the calibration there, and its timings beside it")
    parser.add_argument("--neighbour", action="store_true")
    parser.add_argument("--limit", type=float, default=1e9, help="begin no shape after so many seconds")
    parser.add_argument("--log", help="append a line of JSON for each figure")
    options = parser.parse_args()

    start = time.time()
    with tempfile.TemporaryDirectory() as folder:
        if options.calibration:
            path = options.calibration
            calibration = json.loads(path.read_text())
        else:
            path, calibration = calibrated(options, folder)
        wanted = [(name, dict(SHAPES).get(name, 128)) for name in options.shapes] if options.shapes else SHAPES
        neighbour = subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) if options.neighbour else None
        rows = []
        try:
            for shape, prompt in wanted:
                if time.time() - start > options.limit:
                    print(f"{shape} and what follows were left out: no time")
                    break
                for row in rows_of(options, path, calibration, shape, prompt):
                    rows.append(row)
                    print(
                        f"{row['shape']:22} {row['mode']:6} {row['what']:6} {row['measured']:9.2f} measured"
                        f" {row['given']:9.2f} given ({100 * (row['given'] / row['measured'] - 1):+5.1f} %)"
                        f" {row['value']:9.2f} [{row['low']:.2f}, {row['high']:.2f}] without",
                        flush=True,
                    )
                    if options.log:
                        with open(options.log, "a") as log:
                            log.write(json.dumps(row) + "\n")
        finally:
            if neighbour:
                neighbour.kill()
                neighbour.wait()
    decode = [row for row in rows if row["what"] == "decode"]
    prefill = [row for row in rows if row["what"] == "pp"]
    print(f"decode within 15 %, given the reading: {share(decode, 'given', 0.15)}")
    print(f"decode within 15 %, without: {share(decode, 'value', 0.15)}")
    print(f"prefill within 20 %: {share(prefill, 'value', 0.20)}")
    inside = sum(row["low"] <= row["measured"] <= row["high"] for row in rows)
    print(f"measured figures in their intervals: {inside} of {len(rows)}")
    print(f"{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
