"""4-bit quantisation as bitsandbytes lays it out. STUB_FAILURE=uneven: the fault of 0.50.2, scales
taken per row, where a block crosses rows."""

import os
import types

import torch

FAILURE = os.environ.get("STUB_FAILURE", "")
CODE = torch.linspace(-1, 1, 16)
BLOCK = 64


def quantize_4bit(weight, quant_type="nf4"):
    values, codes, absmax = weight.values, [], []
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        most = max(abs(v) for v in block) or 1.0
        absmax.append(most)
        codes += [round((v / most + 1) * 7.5) for v in block]
    packed = [codes[i] << 4 | codes[i + 1] for i in range(0, len(codes), 2)]
    state = types.SimpleNamespace(
        code=CODE, absmax=torch.Tensor(absmax), blocksize=BLOCK, shape=weight.shape
    )
    return torch.Tensor(packed, [len(packed), 1]), state


def dequantize_4bit(packed, state):
    codes = [c for byte in packed.values for c in (byte >> 4, byte & 15)]
    columns = state.shape[-1]

    def scale(i):
        if FAILURE == "uneven" and columns % BLOCK:
            i = i // columns * columns + i % columns // BLOCK * BLOCK
        return state.absmax.values[i // BLOCK]

    values = [CODE.values[c] * scale(i) for i, c in enumerate(codes)]
    return torch.Tensor(values, state.shape)
