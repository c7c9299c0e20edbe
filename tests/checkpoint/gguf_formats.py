"""Does a GGUF of each format run as llama.cpp runs it? Needs the peers' environment with llama-cpp-python.

  PEERS/bin/python gguf_formats.py NETY SOURCE.gguf WORK TYPE...

Makes a GGUF of each TYPE (F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 IQ4_NL; with widths that are multiples of 256 also Q2_K Q3_K_M Q4_K_M Q5_K_M
Q6_K) from SOURCE with llama.cpp's own quantiser, and compares on TOKENS: nety running the file as stored and llama.cpp, each with nety
running it dequantised to fp32. Ours must not be further from that than llama.cpp is, by more than NO_FURTHER. Then llama.cpp's greedy
continuation: nety must choose the same token wherever its two candidates are further apart than both programs' rounding. Exit status 0
if all agree.
"""
import ctypes
import os
import subprocess
import sys

import llama_cpp
import numpy as np
from safetensors.numpy import load_file

TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_M": 12, "Q4_K_M": 15, "Q5_K_M": 17,
         "Q6_K": 18, "IQ4_NL": 25, "BF16": 32}
TOKENS = [504, 33059, 418, 22632, 5751, 761, 719, 12934, 327, 20654, 929, 645, 16435, 2250, 2351, 484]
CONTINUE = 48
NO_FURTHER = 1.25
FLOAT_ROUNDING = 1e-4  # of the largest logit: fp32 arithmetic in another order


def requantise(source, made, kind):
    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype, options.nthread, options.allow_requantize = TYPES[kind], 2, True
    return llama_cpp.llama_model_quantize(source.encode(), made.encode(), ctypes.byref(options)) == 0


def logits_of_nety(nety, file, tokens, *options):
    out = file + ".safetensors"
    subprocess.run([nety, "-q", "logits", file, "--tokens", ",".join(map(str, tokens)), "-o", out, *options], check=True)
    return load_file(out)["logits"]


def run_llama(file):
    """Logits of TOKENS, and the greedy continuation."""
    model = llama_cpp.Llama(file, n_ctx=256, n_threads=2, n_threads_batch=2, logits_all=True, type_k=0, type_v=0, flash_attn=False, verbose=False)
    model.eval(TOKENS)
    logits = np.array(model.scores[: len(TOKENS)])
    made, last = [], logits[-1]
    for _ in range(CONTINUE):
        made.append(int(last.argmax()))
        model.eval(made[-1:])
        last = model.scores[model.n_tokens - 1]
    model.close()
    return logits, made


def rms(difference):
    return float(np.sqrt(np.mean(np.square(difference, dtype=np.float64))))


def check(nety, file, kind):
    reference = logits_of_nety(nety, file, TOKENS, "--mode", "fp32")
    ours = logits_of_nety(nety, file, TOKENS, "--mode", "stored")
    theirs, made = run_llama(file)
    largest = float(np.abs(reference).max())
    error, their_error = rms(ours - reference), rms(theirs - reference)
    close = error <= NO_FURTHER * their_error + FLOAT_ROUNDING * largest
    rows = logits_of_nety(nety, file, TOKENS + made, "--mode", "stored")[len(TOKENS) - 1 : -1]
    near = 4 * np.hypot(error, their_error) + FLOAT_ROUNDING * largest
    differ = [(i, float(row.max() - row[token])) for i, (row, token) in enumerate(zip(rows, made)) if row.argmax() != token]
    wrong = [(i, gap) for i, gap in differ if gap > near]
    print(f"{kind:7} logits to {largest:.1f}; rms from dequantised: nety {error:.2g}, llama.cpp {their_error:.2g}; "
          f"greedy: {CONTINUE - len(differ)} of {CONTINUE} equal, {len(differ) - len(wrong)} near-ties (within {near:.2g}), {len(wrong)} wrong"
          f"{'' if close and not wrong else '   <-- FAILED'}")
    return close and not wrong


def main():
    nety, source, work, *kinds = sys.argv[1:]
    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    os.makedirs(work, exist_ok=True)
    agree = True
    for kind in kinds:
        made = os.path.join(work, os.path.basename(source).removesuffix(".gguf") + "." + kind + ".gguf")
        if not os.path.exists(made) and not requantise(source, made, kind):
            print(f"{kind}: llama.cpp cannot make it")
            agree = False
            continue
        agree &= check(nety, made, kind)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
