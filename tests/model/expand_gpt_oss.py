"""Writes the case gpt-oss-mxfp4 of the family vectors again with its experts as bf16 (a directory) and fp32 (a GGUF).

expand_gpt_oss.py CASE DIRECTORY: the values are exactly those of the 4-bit blocks (OCP Microscaling Formats 1.0:
E2M1 elements, an E8M0 scale for each 32), so the expected logits stay transformers' own.
"""
import json
import pathlib
import shutil
import struct
import sys

E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
VALUES = E2M1 + [-value for value in E2M1]
GGUF_F32, GGUF_MXFP4 = 0, 39
ALIGNMENT = 32


def bf16(values):
    return b"".join(struct.pack("<f", value)[2:] for value in values)


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            yield name, entry["dtype"], entry["shape"], data[8 + length + begin : 8 + length + end]


def write_safetensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dtype, shape, content in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def expanded_directory(case, to):
    """blocks [E, N, K/32, 16], low nibble first, and scales [E, N, K/32] become weights [E, K, N]."""
    tensors = {name: (dtype, shape, content) for name, dtype, shape, content in read_safetensors(case / "model.safetensors")}
    out = []
    for name, (dtype, shape, blocks) in tensors.items():
        if name.endswith("_scales"):
            continue
        if not name.endswith("_blocks"):
            out.append((name, dtype, shape, blocks))
            continue
        scales = tensors[name.replace("_blocks", "_scales")][2]
        experts, rows, groups, _ = shape
        cols = groups * 32
        values = [0.0] * (experts * rows * cols)
        for i, byte in enumerate(blocks):
            scale = 2.0 ** (scales[i // 16] - 127)
            row, within = divmod(i * 2, cols)
            expert, row = divmod(row, rows)
            for k, nibble in enumerate((byte & 15, byte >> 4)):
                values[(expert * cols + within + k) * rows + row] = VALUES[nibble] * scale
        out.append((name.removesuffix("_blocks"), "BF16", [experts, cols, rows], bf16(values)))
    write_safetensors(to / "model.safetensors", out)
    config = json.loads((case / "config.json").read_text())
    del config["quantization_config"]
    (to / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def blocks_as_floats(content):
    """17 bytes: a scale, then 32 elements, those of the low nibbles first."""
    out = []
    for at in range(0, len(content), 17):
        scale = 2.0 ** (content[at] - 127)
        codes = content[at + 1 : at + 17]
        out += [VALUES[code & 15] * scale for code in codes] + [VALUES[code >> 4] * scale for code in codes]
    return struct.pack(f"<{len(out)}f", *out)


class Gguf:
    """Metadata as bytes, and the tensors."""

    SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

    def __init__(self, data):
        self.data, self.at = data, 8
        tensors, keys = self.take("<QQ")
        begin = self.at
        for _ in range(keys):
            self.text()
            self.value(*self.take("<I"))
        self.keys, self.metadata = keys, data[begin : self.at]
        infos = []
        for _ in range(tensors):
            name = self.text()
            (dimensions,) = self.take("<I")
            infos.append((name, self.take(f"<{dimensions}Q"), *self.take("<IQ")))
        start = self.at + -self.at % ALIGNMENT
        self.tensors = []
        for name, shape, kind, offset in infos:
            size = 1
            for extent in shape:
                size *= extent
            size = size // 32 * 17 if kind == GGUF_MXFP4 else size * 4
            assert kind in (GGUF_F32, GGUF_MXFP4), (name, kind)
            self.tensors.append((name, shape, kind, data[start + offset : start + offset + size]))

    def take(self, layout):
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return values

    def text(self):
        (length,) = self.take("<Q")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def value(self, kind):
        if kind == 8:
            self.text()
        elif kind == 9:
            item, count = self.take("<IQ")
            for _ in range(count):
                self.value(item)
        else:
            self.at += self.SIZES[kind]


def expanded_gguf(case, to):
    source = Gguf((case / "model.gguf").read_bytes())
    head = b"GGUF" + struct.pack("<IQQ", 3, len(source.tensors), source.keys) + source.metadata
    data = b""
    for name, shape, kind, content in source.tensors:
        content = blocks_as_floats(content) if kind == GGUF_MXFP4 else content
        head += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", len(shape))
        head += struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", GGUF_F32, len(data))
        data += content + b"\0" * (-len(content) % ALIGNMENT)
    (to / "model.gguf").write_bytes(head + b"\0" * (-len(head) % ALIGNMENT) + data)


def main():
    case, to = map(pathlib.Path, sys.argv[1:])
    to.mkdir(exist_ok=True)
    expanded_directory(case, to)
    expanded_gguf(case, to)
    shutil.copyfile(case / "expected.safetensors", to / "expected.safetensors")


if __name__ == "__main__":
    main()
