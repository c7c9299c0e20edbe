"""As much of torch as nety's scripts use: small tensors in plain Python, slow and few."""

import contextlib
import json
import os
import random
import types

from torch.version import __version__


class dtype:
    def __init__(self, name, itemsize):
        self.name, self.itemsize = name, itemsize

    def __repr__(self):
        return "torch." + self.name


float32, float16, bfloat16 = dtype("float32", 4), dtype("float16", 2), dtype("bfloat16", 2)
int64 = dtype("int64", 8)


class Tensor:
    """Numbers in row-major order, and a shape."""

    def __init__(self, values, shape=None):
        if shape is None:
            shape = []
            while isinstance(values, list):
                shape.append(len(values))
                values = sum(values, []) if values and isinstance(values[0], list) else values
                if not values or not isinstance(values[0], list):
                    break
            if len(shape) and shape[0] and len(values) > shape[0]:
                shape.append(len(values) // shape[0])
        self.values, self.shape = values, Shape(shape)

    def __getitem__(self, key):
        if isinstance(key, Tensor):
            return Tensor([self.values[int(i)] for i in key.values], [key.numel()])
        if isinstance(key, slice):
            return Tensor(self.values[key], [len(self.values[key])])
        return self

    def each(self, other, action):
        other = other.values if isinstance(other, Tensor) else [other] * len(self.values)
        return Tensor([action(a, b) for a, b in zip(self.values, other)], self.shape)

    def __sub__(self, other):
        return self.each(other, lambda a, b: a - b)

    def __mul__(self, other):
        return self.each(other, lambda a, b: a * b)

    def __rshift__(self, bits):
        return self.each(bits, lambda a, b: a >> b)

    def __and__(self, bits):
        return self.each(bits, lambda a, b: a & b)

    def __truediv__(self, other):
        return self.each(other, lambda a, b: a / b)

    def __float__(self):
        return float(self.values[0])

    def __matmul__(self, other):
        rows, inner, columns = self.shape[0], self.shape[1], other.shape[1]
        out = [
            sum(self.values[r * inner + k] * other.values[k * columns + c] for k in range(inner))
            for r in range(rows)
            for c in range(columns)
        ]
        return Tensor(out, [rows, columns])

    def t(self):
        rows, columns = self.shape
        flipped = [self.values[r * columns + c] for c in range(columns) for r in range(rows)]
        return Tensor(flipped, [columns, rows])

    def norm(self):
        return Tensor([sum(v * v for v in self.values) ** 0.5], [])

    def repeat_interleave(self, count):
        return Tensor([v for v in self.values for _ in range(count)], [self.numel() * count])

    def reshape(self, *shape):
        shape = shape[0] if isinstance(shape[0], (list, tuple)) else shape
        return Tensor(self.values, [self.numel()] if list(shape) == [-1] else shape)

    def numel(self):
        return len(self.values)

    def tolist(self):
        return self.values

    def same(self, *_):
        return self

    double = float = to = clone = same
    dtype = float32


class Shape(list):
    def numel(self):
        count = 1
        for extent in self:
            count *= extent
        return count


class Weight:
    """A parameter: only its place and size matter."""

    def __init__(self, place, nbytes, rows=1):
        self.place, self.nbytes, self.shape = place, nbytes, (rows, nbytes // rows)

    def data_ptr(self):
        return self.place


tensor = Tensor
inference_mode = no_grad = contextlib.nullcontext
CAPABILITY = "AVX2" if os.environ.get("STUB_FAILURE") == "older_cpu" else "AVX512"
backends = types.SimpleNamespace(cpu=types.SimpleNamespace(get_cpu_capability=lambda: CAPABILITY))
THREADS = [1]


def stack(tensors, _):
    pairs = [v for values in zip(*(t.values for t in tensors)) for v in values]
    return Tensor(pairs, [len(pairs) // len(tensors), len(tensors)])


def randn(rows, columns):
    return Tensor([random.gauss(0, 1) for _ in range(rows * columns)], [rows, columns])


def linspace(first, last, count):
    return Tensor([first + (last - first) * i / max(count - 1, 1) for i in range(count)], [count])


def save(tensor, path):
    with open(path, "w") as file:
        json.dump(tensor.values, file)


def load(path):
    with open(path) as file:
        return Tensor(json.load(file))


def set_num_threads(count):
    THREADS[0] = count


def get_num_threads():
    return THREADS[0]


def manual_seed(seed):
    random.seed(seed)
