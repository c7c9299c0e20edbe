"""Layers of bitsandbytes. STUB_FAILURE=uneven: as 0.50.2 on a CPU with AVX512_BF16."""

import os

from bitsandbytes import functional

FAILURE = os.environ.get("STUB_FAILURE", "")


class Params4bit:
    def __init__(self, weight, requires_grad=False, quant_type="nf4", module=None):
        self.weight, self.quant_type = weight, quant_type


class Int8Params:
    SCB = [1.0]


class Linear8bitLt:
    def __init__(self):
        self.weight = Int8Params()


class Linear4bit:
    def __init__(self, columns, rows, bias=False, compute_dtype=None, quant_type="nf4"):
        self.columns, self.rows, self.weight = columns, rows, None

    def to(self, _):
        self.packed, self.state = functional.quantize_4bit(self.weight.weight)
        return self

    def eval(self):
        return self

    def __call__(self, x):
        if FAILURE == "uneven" and self.rows % 32:
            raise AssertionError("N must be divisible by block_n")
        if FAILURE == "uneven" and self.columns % 64:
            os.abort()
        return x @ functional.dequantize_4bit(self.packed, self.state).t()
