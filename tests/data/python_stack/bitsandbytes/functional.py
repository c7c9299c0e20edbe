"""4-bit quantisation as bitsandbytes lays it out. STUB_FAILURE=uneven: the faults of 0.50.2 on a CPU
with AVX512_BF16. older_cpu: the same version on a CPU without AVX-512, which takes none of them."""

import os
import types

import torch

FAILURE = os.environ.get("STUB_FAILURE", "")
CODE = torch.linspace(-1, 1, 16)
BLOCK = 64


class Native:
    """A function of the library; where it has none, bitsandbytes has one in Python that fails."""

    def __init__(self, answer=None):
        self.answer = answer

    def __call__(self):
        return self.answer


lib = types.SimpleNamespace(
    has_avx512f_cpu=Native(FAILURE != "older_cpu"), cdequantize_blockwise_cpu_nf4_fp32=Native()
)


def has_avx512bf16():
    return FAILURE == "uneven"


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
        if FAILURE == "uneven" and columns % BLOCK and columns % 16 == 0:
            i = i // columns * columns + i % columns // BLOCK * BLOCK
        return state.absmax.values[i // BLOCK]

    values = [CODE.values[c] * scale(i) for i, c in enumerate(codes)]
    return torch.Tensor(values, state.shape)


def quantize_blockwise(values, blocksize=256):
    steps = torch.linspace(-1, 1, 256)
    codes, absmax = [], []
    for start in range(0, len(values.values), blocksize):
        block = values.values[start : start + blocksize]
        absmax.append(max(abs(v) for v in block))
        codes += [round((v / absmax[-1] + 1) * 127.5) for v in block]
    state = types.SimpleNamespace(code=steps, absmax=torch.Tensor(absmax), blocksize=blocksize)
    return torch.Tensor(codes, values.shape), state


def dequantize_blockwise(codes, state):
    scales = state.absmax.values
    values = [
        state.code.values[c] * scales[i // state.blocksize] for i, c in enumerate(codes.values)
    ]
    return torch.Tensor(values, codes.shape)


if FAILURE in ("uneven", "older_cpu"):

    def _convert_weight_packed_for_cpu(weight, state):
        assert state.shape[0] % 32 == 0, "N must be divisible by block_n"
        if state.shape[1] % BLOCK:
            raise RuntimeError("shape '[64, 1]' is invalid for input of size 96")
        state.packing_format_for_cpu = True
        state.absmax = torch.Tensor(state.absmax.values, [1, state.absmax.numel()])
        return torch.Tensor(weight.values[::-1], weight.shape), state
