"""Layers of bitsandbytes. STUB_FAILURE=uneven: as 0.50.2 on a CPU with AVX512_BF16."""

import os

from bitsandbytes import functional

FAILURE = os.environ.get("STUB_FAILURE", "")


class Params4bit:
    def __init__(self, weight, requires_grad=False, quant_type="nf4", compress_statistics=True):
        self.data, self.quant_state = weight, None


class Int8Params:
    SCB = [1.0]


class Linear8bitLt:
    def __init__(self):
        self.weight = Int8Params()


class Linear4bit:
    def __init__(self, columns, rows, bias=False, compute_dtype=None, quant_type="nf4"):
        self.columns, self.rows, self.weight = columns, rows, None

    def to(self, _):
        weight = self.weight
        if weight.quant_state is None:
            weight.data, weight.quant_state = functional.quantize_4bit(weight.data)
        return self

    def eval(self):
        return self

    def state_dict(self):
        return {"weight.absmax": self.weight.quant_state.absmax}

    def __call__(self, x):
        weight = self.weight
        out = x @ functional.dequantize_4bit(weight.data, weight.quant_state).t()
        if functional.has_avx512bf16():
            if self.columns % 64:
                os.abort()
            weight.data, weight.quant_state = functional._convert_weight_packed_for_cpu(
                weight.data, weight.quant_state
            )
        return out
