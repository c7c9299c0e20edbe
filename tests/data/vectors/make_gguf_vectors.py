#!/usr/bin/env python3
"""Blocks of every GGUF format that NETY reads, with the floats they stand for.

The floats come from an independent implementation, the quants module of the `gguf` package
(0.19.0), which is itself tested against ggml's C code. Where that module can quantise, half of the
rows are real weights it quantised; all others are random bytes with chosen fp16 factors.

Run:  python make_gguf_vectors.py    needs gguf, numpy, safetensors; writes gguf.safetensors here
"""
import os

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize
from safetensors.numpy import save_file

ROWS, COLS, SEED = 4, 512, 20240917

# Format: the byte offsets of its fp16 factors within a block.
FACTORS = {
    "q8_0": [0], "q4_0": [0], "q4_1": [0, 2], "q5_0": [0], "q5_1": [0, 2], "iq4_nl": [0],
    "q2_k": [80, 82], "q3_k": [108], "q4_k": [0, 2], "q5_k": [0, 2], "q6_k": [208],
}
# Ordinary, negative, zero, negative zero, the least subnormal, a large one.
SPECIAL = np.array([0.0123, -0.75, 0.0, -0.0, 6e-8, 300.0], np.float16)


def random_blocks(rng, qtype, offsets):
    weights, size = GGML_QUANT_SIZES[qtype]
    blocks = rng.integers(0, 256, (ROWS * COLS // weights, size), dtype=np.uint8)
    for i, offset in enumerate(offsets):
        factors = (rng.standard_normal(len(blocks)) * 0.02).astype(np.float16)
        n = min(len(SPECIAL), len(blocks))
        factors[:n] = np.roll(SPECIAL, i)[:n]
        blocks[:, offset:offset + 2] = factors.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(ROWS, -1)


def main():
    rng = np.random.default_rng(SEED)
    out = {}
    for name, offsets in FACTORS.items():
        qtype = Type[name.upper()]
        blocks = random_blocks(rng, qtype, offsets)
        real = rng.standard_normal((ROWS // 2, COLS)).astype(np.float32) * 0.04
        try:
            blocks[ROWS // 2:] = quantize(real, qtype)
        except NotImplementedError:
            pass
        out[f"{name}/blocks"] = blocks
        out[f"{name}/weights"] = dequantize(blocks, qtype).astype(np.float32)
    save_file(out, os.path.join(os.path.dirname(os.path.abspath(__file__)), "gguf.safetensors"))


main()
