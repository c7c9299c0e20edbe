"""Makes a tiny model of add_family.sh's dummy family from a tiny Llama, as a directory and as a GGUF.

make_dummy_family.py LLAMA DIRECTORY GGUF: the weights stay, the names and the metadata are the dummy's.
"""
import json
import pathlib
import struct
import sys

LAYER = {  # Llama's name within a layer: the dummy's in a directory, in a GGUF
    "input_layernorm": ("norm_1", "n1"),
    "self_attn.q_proj": ("look.query", "lq"),
    "self_attn.k_proj": ("look.key", "lk"),
    "self_attn.v_proj": ("look.value", "lv"),
    "self_attn.o_proj": ("look.out", "lo"),
    "post_attention_layernorm": ("norm_2", "n2"),
    "mlp.gate_proj": ("think.gate", "tg"),
    "mlp.up_proj": ("think.up", "tu"),
    "mlp.down_proj": ("think.down", "td"),
}
MODEL = {
    "model.embed_tokens.weight": ("model.words.weight", "words.weight"),
    "model.norm.weight": ("model.last_norm.weight", "ln.weight"),
    "lm_head.weight": ("speak.weight", "speak.weight"),
}


def dummy_names(name):
    if name in MODEL:
        return MODEL[name]
    layer, part = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
    long, short = LAYER[part]
    return f"model.layers.{layer}.{long}.weight", f"blk.{layer}.{short}.weight"


def read_safetensors(path):
    """Names, shapes and bytes; all F32."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            yield name, entry["shape"], data[8 + length + begin : 8 + length + end]


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, shape, content in tensors:
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def gguf_string(text):
    return struct.pack("<Q", len(text)) + text.encode()


def write_gguf(path, metadata, tensors):
    values = {str: (8, gguf_string), int: (4, lambda v: struct.pack("<I", v)), float: (12, lambda v: struct.pack("<d", v))}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        kind, pack = values[type(value)]
        head += gguf_string(key) + struct.pack("<I", kind) + pack(value)
    data = b""
    for name, shape, content in tensors:
        head += gguf_string(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", n) for n in reversed(shape))
        head += struct.pack("<IQ", 0, len(data))
        data += content + b"\0" * (-len(content) % 32)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + data)


def main():
    llama, directory, gguf = map(pathlib.Path, sys.argv[1:])
    tensors = list(read_safetensors(llama / "model.safetensors"))
    config = json.loads((llama / "config.json").read_text())
    config |= {"architectures": ["DummyForCausalLM"], "model_type": "dummy"}
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(config))
    write_safetensors(directory / "model.safetensors", [(dummy_names(name)[0], *rest) for name, *rest in tensors])
    metadata = {
        "general.architecture": "dummy",
        "dummy.block_count": config["num_hidden_layers"],
        "dummy.context_length": config["max_position_embeddings"],
        "dummy.embedding_length": config["hidden_size"],
        "dummy.feed_forward_length": config["intermediate_size"],
        "dummy.attention.head_count": config["num_attention_heads"],
        "dummy.attention.head_count_kv": config["num_key_value_heads"],
        "dummy.attention.layer_norm_rms_epsilon": config["rms_norm_eps"],
        "dummy.rope.freq_base": config["rope_parameters"]["rope_theta"],
        "dummy.vocab_size": config["vocab_size"],
    }
    write_gguf(gguf, metadata, [(dummy_names(name)[1], *rest) for name, *rest in tensors])


if __name__ == "__main__":
    main()
