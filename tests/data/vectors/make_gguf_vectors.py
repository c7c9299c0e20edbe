#!/usr/bin/env python3
"""Blocks of every GGUF format that NETY reads, and every code of fp8, with the floats they stand for.

The floats come from an independent implementation, the quants module of the `gguf` package
(0.19.0), which is itself tested against ggml's C code. Where that module can quantise, half of the
rows are real weights it quantised; all others are random bytes with chosen fp16 factors.

The values of fp8 are those of ml_dtypes (0.6.0).

Run:  python make_gguf_vectors.py    needs gguf, ml_dtypes, numpy, safetensors; writes gguf.safetensors here
"""
import os

import ml_dtypes
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
# Formats of later years, with the offset of their fp16 factor or none. Their rows are all random, but for
# what quantise() makes, and have blocks of zeros, of ones, and with factors that are no numbers.
LATER = {
    "iq4_xs": 0, "iq3_s": 0, "iq3_xxs": 0, "iq2_s": 0, "iq2_xs": 0, "iq2_xxs": 0, "iq1_m": None, "iq1_s": 0,
    "tq2_0": 64, "tq1_0": 52, "mxfp4": None, "nvfp4": None,
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


def edge_blocks(rng, qtype, offset):
    weights, size = GGML_QUANT_SIZES[qtype]
    blocks = rng.integers(0, 256, (2 * ROWS * COLS // weights, size), dtype=np.uint8)
    if offset is not None:
        factors = (rng.standard_normal(len(blocks)) * 0.02).astype(np.float16)
        factors[:8] = np.concatenate([SPECIAL, np.array([np.inf, np.nan], np.float16)])
        blocks[:, offset:offset + 2] = factors.view(np.uint8).reshape(-1, 2)
    blocks[-1], blocks[-2] = 0, 255
    if qtype == Type.MXFP4:  # every exponent, as far as there are blocks
        blocks[:, 0] = np.linspace(0, 255, len(blocks)).astype(np.uint8)
    if qtype == Type.NVFP4:  # every scale
        blocks[:, :4] = np.arange(4 * len(blocks)).reshape(-1, 4).astype(np.uint8)
    try:
        real = quantize(rng.standard_normal((1, COLS)).astype(np.float32) * 0.04, qtype).reshape(-1, size)
        blocks[len(blocks) // 2:len(blocks) // 2 + len(real)] = real
    except NotImplementedError:
        pass
    return blocks.reshape(2 * ROWS, -1)


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
    for name, offset in LATER.items():
        qtype = Type[name.upper()]
        out[f"{name}/blocks"] = edge_blocks(rng, qtype, offset)
        with np.errstate(all="ignore"):
            out[f"{name}/weights"] = dequantize(out[f"{name}/blocks"], qtype).astype(np.float32)
    codes = np.arange(256, dtype=np.uint8).reshape(2, 128)
    out["fp8/blocks"], out["fp8/weights"] = codes, codes.view(ml_dtypes.float8_e4m3fn).astype(np.float32)
    save_file(out, os.path.join(os.path.dirname(os.path.abspath(__file__)), "gguf.safetensors"))


main()
