#!/usr/bin/env python3
"""Stands for llama-bench: llama_bench.py KIND PARAMETERS llama-bench's options...

Prints the JSON that llama.cpp's tools/llama-bench documents; KIND is how it fails."""

import argparse
import json
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("kind")
parser.add_argument("parameters", type=int)
parser.add_argument("-m")
parser.add_argument("-t", type=int, default=1)
parser.add_argument("-p", type=int, default=512)
parser.add_argument("-n", type=int, default=128)
parser.add_argument("-d", type=int, default=0)
parser.add_argument("-r", type=int, default=5)
parser.add_argument("-o", default="md")
given = parser.parse_args()

if given.kind == "dies":
    print("error: failed to load model 'x.gguf'", file=sys.stderr)
    sys.exit(1)
if given.kind == "dies_later" and given.n > 1:
    print("GGML_ASSERT(false) failed", file=sys.stderr)
    sys.exit(134)
if given.kind == "stalls" or (given.kind == "stalls_later" and given.n > 1):
    time.sleep(1000)
if given.kind == "garbage" or given.o not in ("json", "jsonl"):
    print("| model | size | t/s |")
    sys.exit(0)

tests = []
for n_prompt, n_gen in ((given.p, 0), (0, given.n)):
    tokens = n_prompt + n_gen
    if tokens == 0:
        continue
    rate = 1000 if n_prompt else 250
    times = [int(1e9 * tokens / rate)] * given.r
    tests.append(
        {
            "build_commit": "8cf427ff",
            "build_number": 5163,
            "cpu_info": "a CPU",
            "backends": "CPU",
            "model_filename": given.m,
            "model_type": "llama 135M Q4_0",
            "model_size": 91000000,
            "model_n_params": given.parameters,
            "n_threads": given.t,
            "n_prompt": n_prompt if given.kind != "other_tests" else 77,
            "n_gen": n_gen,
            "n_depth": given.d,
            "avg_ns": times[0],
            "avg_ts": rate,
            "samples_ns": times,
            "samples_ts": [rate] * given.r,
        }
    )
if given.kind == "no_times":
    for test in tests:
        del test["samples_ns"], test["avg_ns"]
if given.kind == "lines":
    for test in tests:
        print(json.dumps(test))
else:
    print(json.dumps(tests))
