#!/usr/bin/env python3
"""The model of fp32/ with its matrices in fp8 and MXFP4, as Hugging Face directories have them.

  fp8-blocks   "weight_scale_inv" for blocks of 48 x 32, some of them cut short at the edge; F32
  fp8-matrix   "weight_scale" for each matrix, BF16, and an "input_scale" that is not used
  mxfp4        "weight_blocks" and "weight_scales", pairs of neighbours in a byte, as gpt-oss has them

expected.safetensors has what two of the matrices stand for, by ml_dtypes (0.6.0), an independent
implementation of float8_e4m3fn, float4_e2m1fn and float8_e8m0fnu.

Run:  python make_float_scales.py    needs ml_dtypes, numpy, safetensors; writes the folders here
"""
import json
import os

import ml_dtypes
import numpy as np
from safetensors.numpy import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
FP8, FP4, POWER = ml_dtypes.float8_e4m3fn, ml_dtypes.float4_e2m1fn, ml_dtypes.float8_e8m0fnu
LARGEST = 448.0


def spread(scales, rows, cols, shape):
    return np.repeat(np.repeat(scales, rows, 0), cols, 1)[:shape[0], :shape[1]]


def fp8(weight, rows, cols):
    """Codes, scales [ceil(rows), ceil(cols)], and what they stand for."""
    r, c = -(-weight.shape[0] // rows), -(-weight.shape[1] // cols)
    scales = np.empty((r, c), np.float32)
    for i in range(r):
        for j in range(c):
            block = weight[i * rows:(i + 1) * rows, j * cols:(j + 1) * cols]
            scales[i, j] = np.abs(block).max() / LARGEST
    scales = scales.astype(ml_dtypes.bfloat16).astype(np.float32)  # so that both types hold it
    wide = spread(scales, rows, cols, weight.shape)
    codes = np.clip(weight / wide, -LARGEST, LARGEST).astype(FP8)
    return codes, scales, codes.astype(np.float32) * wide


def mxfp4(weight):
    rows, cols = weight.shape
    blocks = weight.reshape(rows, cols // 32, 32)
    exponents = np.floor(np.log2(np.abs(blocks).max(-1, keepdims=True))) - 2
    codes = np.clip(blocks / 2.0 ** exponents, -6, 6).astype(FP4)
    nibbles = codes.view(np.uint8) & 15
    powers = (exponents + 127).astype(np.uint8)
    values = codes.astype(np.float32) * powers.view(POWER).astype(np.float32)
    return nibbles[..., 0::2] | nibbles[..., 1::2] << 4, powers[..., 0], values.reshape(rows, cols)


class Bytes:
    """Arrays of types that numpy lacks, for safetensors' own header."""

    def __init__(self):
        self.header, self.data = {}, b""

    def add(self, name, dtype, array):
        raw = np.ascontiguousarray(array).tobytes()
        self.header[name] = {"dtype": dtype, "shape": list(array.shape),
                             "data_offsets": [len(self.data), len(self.data) + len(raw)]}
        self.data += raw

    def save(self, path):
        text = json.dumps(self.header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text + self.data)


def write(name, method, quantise):
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    config = json.load(open(os.path.join(HERE, "fp32", "config.json")))
    config["quantization_config"] = method
    with open(os.path.join(folder, "config.json"), "w") as file:
        file.write(json.dumps(config, indent=2) + "\n")
    out, expected = Bytes(), {}
    for tensor, weight in load_file(os.path.join(HERE, "fp32", "model.safetensors")).items():
        if weight.ndim == 2 and "_proj." in tensor:
            values = np.ascontiguousarray(quantise(out, tensor, weight))
            if "0.self_attn.k_proj" in tensor or "1.mlp.down_proj" in tensor:
                expected[tensor] = values
        else:
            out.add(tensor, "F32", weight)
    out.save(os.path.join(folder, "model.safetensors"))
    save_file(expected, os.path.join(folder, "expected.safetensors"))


def in_blocks(out, name, weight):
    codes, scales, values = fp8(weight, 48, 32)
    out.add(name, "F8_E4M3", codes)
    out.add(name + "_scale_inv", "F32", scales)
    return values


def for_matrix(out, name, weight):
    codes, scales, values = fp8(weight, *weight.shape)
    out.add(name, "F8_E4M3", codes)
    out.add(name + "_scale", "BF16", scales.reshape(()).astype(ml_dtypes.bfloat16))
    out.add(name.removesuffix("weight") + "input_scale", "F32", np.float32([0.5]))
    return values


def in_mxfp4(out, name, weight):
    blocks, powers, values = mxfp4(weight)
    out.add(name + "_blocks", "U8", blocks)
    out.add(name + "_scales", "U8", powers)
    return values


write("fp8-blocks", {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [48, 32]}, in_blocks)
write("fp8-matrix", {"quant_method": "fp8", "activation_scheme": "static"}, for_matrix)
write("mxfp4", {"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]}, in_mxfp4)
