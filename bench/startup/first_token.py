#!/usr/bin/env python3
"""Time from the start of the process to the first token, and where it goes.

    first_token.py NETY MODEL [--mode fp32] [--starts 15] [--tokens 20] [--chat]
                   [-- OPTIONS OF generate]

Starts `nety generate` anew each time, with a prompt of that many tokens (with --chat, inside the
model's chat template) and the file in the page cache (one start is thrown away), and waits for the first byte of the answer. Every other start
streams; the ones between ask for JSON after one token, whose timings split the same time. Prints
medians with a 95 % interval by ranks.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import time


def interval(values):
    """Ranks that hold the median with 95 % confidence; the extremes where there are too few."""
    ordered, n = sorted(values), len(values)
    below, total = 0, 0.0
    while below < n // 2:
        total += math.comb(n, below) / 2**n
        if total > 0.025:
            break
        below += 1
    return ordered[max(below - 1, 0)], ordered[min(n - below, n - 1)]


def start(command):
    """Seconds from the start to the first byte of output, and all of the output."""
    begin = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        first = os.read(process.stdout.fileno(), 1 << 16)
        seconds = time.perf_counter() - begin
        rest = process.stdout.read()
    if process.returncode != 0 or not first:
        raise SystemExit(f"failed with exit code {process.returncode}: {' '.join(command)}")
    return seconds, (first + rest).decode()


def prompt_of(program, model, tokens):
    for words in range(1, 4 * tokens):
        text = " ".join((["The", "story", "of", "a", "machine", "that", "learned"] * tokens)[:words])
        out = subprocess.run([program, "tokenize", model, "--json"], input=text, check=True,
                             capture_output=True, text=True).stdout
        if len(json.loads(out)["ids"]) == tokens:
            return text
    raise SystemExit(f"no prompt of {tokens} tokens found for this tokenizer")


def show(name, seconds):
    low, high = interval(seconds)
    print(f"{name:<34} {1e3 * statistics.median(seconds):7.1f} ms "
          f"[{1e3 * low:.1f}, {1e3 * high:.1f}]  n={len(seconds)}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--mode", default="")
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--chat", action="store_true")
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_args()

    prompt = prompt_of(arguments.program, arguments.model, arguments.tokens)
    command = [arguments.program, "generate", arguments.model, "-p", prompt, "--greedy",
               *([] if arguments.chat else ["--raw"]), *arguments.options]
    if arguments.mode:
        command += ["--mode", arguments.mode]
    streamed = command + ["-n", "8"]
    split = command + ["-n", "1", "--json"]
    start(streamed)
    first_s, whole_s, parts = [], [], {"load_s": [], "tokenizer_s": [], "prefill_s": []}
    bare_s = []
    for _ in range(arguments.starts):
        first_s.append(start(streamed)[0])
        whole, out = start(split)
        timings = json.loads(out)["timings"]
        whole_s.append(whole)
        for name, values in parts.items():
            values.append(timings[name])
        bare_s.append(start([arguments.program, "--version"])[0])
    show("start to first text", first_s)
    show("start to first token, in JSON", whole_s)
    show("  a process that does nothing", bare_s)
    for name, values in parts.items():
        show(f"  {name}", values)
    rest = [whole - sum(values[i] for values in parts.values()) - bare_s[i]
            for i, whole in enumerate(whole_s)]
    show("  the rest", rest)


if __name__ == "__main__":
    main()
