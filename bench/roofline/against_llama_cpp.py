#!/usr/bin/env python3
"""Decode and prefill of nety and of llama.cpp, by turns, on the same shape, formats and threads.

    against_llama_cpp.py NETY_ROOFLINE GGUF_FOLDER [--rounds 5] [--threads 2] [MODE=FILE ...]

Runs in a Python that has llama-cpp-python. FOLDER holds the default model in llama.cpp's formats
(F32.gguf, BF16.gguf, F16.gguf, Q8_0.gguf, Q4_0.gguf, Q4_1.gguf); what nety runs has random weights
of the same shape, which are as many bytes. Modes that llama.cpp lacks stand beside its nearest
format. Prints the median ratio of each pair of neighbouring runs, and the least and greatest.
"""
import argparse
import re
import statistics
import subprocess
import sys
import time

PEER = """
import ctypes, sys, time
import llama_cpp as L
path, threads, n_prompt, n_gen = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
quiet = L.llama_log_callback(lambda *_: None)
L.llama_log_set(quiet, ctypes.c_void_p(0))
L.llama_backend_init()
model = L.llama_model_load_from_file(path.encode(), L.llama_model_default_params())
p = L.llama_context_default_params()
p.n_ctx, p.n_batch, p.n_ubatch = n_prompt + n_gen + 64, n_prompt, n_prompt
p.n_threads = p.n_threads_batch = threads
ctx = L.llama_init_from_model(model, p)
def decode(ids):
    tokens = (L.llama_token * len(ids))(*ids)
    assert L.llama_decode(ctx, L.llama_batch_get_one(tokens, len(ids))) == 0
    L.llama_synchronize(ctx)
def clear():
    L.llama_memory_clear(L.llama_get_memory(ctx), True)
prompt = [(7 * i) % 30000 + 10 for i in range(n_prompt)]
pp, tg = [], []
for turn in range(4):
    clear()
    start = time.perf_counter()
    decode(prompt)
    pp.append(n_prompt / (time.perf_counter() - start))
    clear()
    decode([1])
    start = time.perf_counter()
    for i in range(n_gen): decode([100 + i])
    tg.append(n_gen / (time.perf_counter() - start))
print(sorted(pp[1:])[1], sorted(tg[1:])[1])
"""
# What stands after "+" is the type of embedding and head: llama.cpp keeps that of its 4-bit files
# in Q8_0; ours is bf16 in int8 and nf4, unless said.
PAIRS = {"fp32": "F32", "bf16": "BF16", "fp16": "F16", "q8_0": "Q8_0", "int8": "Q8_0",
         "int8+q8_0": "Q8_0", "q4_0+q8_0": "Q4_0", "q4_1+q8_0": "Q4_1", "nf4": "Q4_0",
         "nf4+q8_0": "Q4_0"}


def ours(program, shape, mode, threads, extra):
    out = subprocess.run([program, "--shape", shape, "--modes", mode, "--threads", str(threads),
                          "--pairs", "3", "--slice-ms", "120", "--force", *extra],
                         check=True, capture_output=True, text=True).stdout
    return float(re.search(r"([\d.]+) tok/s", out).group(1))


def peer(path, threads):
    out = subprocess.run([sys.executable, "-c", PEER, path, str(threads), "512", "48"],
                         check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), float(out[1])


def show(name, mine, theirs):
    ratios = [a / b for a, b in zip(mine, theirs)]
    return (f"{name} {statistics.median(mine):8.1f} / {statistics.median(theirs):8.1f} = "
            f"{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("pairs", nargs="*", help="MODE=FILE, instead of all modes")
    parser.add_argument("--shape", default="smollm2-135m")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_intermixed_args()
    pairs = dict(p.split("=") for p in given.pairs) or PAIRS
    for mode, name in pairs.items():
        path = f"{given.folder}/{name}.gguf"
        decode, prefill, their_decode, their_prefill = [], [], [], []
        for _ in range(given.rounds):
            decode.append(ours(given.program, given.shape, mode, given.threads, []))
            pp, tg = peer(path, given.threads)
            prefill.append(ours(given.program, given.shape, mode, given.threads,
                                ["--prefill", "512"]))
            their_prefill.append(pp)
            their_decode.append(tg)
        print(f"{mode:9} against {name:5}  {show('decode', decode, their_decode)}   "
              f"{show('pp512', prefill, their_prefill)}", flush=True)


if __name__ == "__main__":
    start = time.time()
    main()
    print(f"{time.time() - start:.0f} s")
