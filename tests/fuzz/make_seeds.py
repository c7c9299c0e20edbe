#!/usr/bin/env python3
"""Makes the seeds of fuzz_session, and of fuzz_gguf and fuzz_files: the smallest models of every family, with its keys
and tensors, by the writers of tests/cases. All weights are 0, and factors of frequencies 1.

    tests/fuzz/make_seeds.py
"""

import json
import math
import os
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cases"))
from inputs import ARRAY, BOOL, I32, U16, gguf, safetensors  # noqa: E402

D, F, V, H, KV, HEAD, E, L = 8, 8, 5, 2, 1, 4, 2, 2
Q, K = H * HEAD, KV * HEAD


def f32(*shape):
    return "F32", shape, bytes(4 * math.prod(shape))


def ones(count):
    return "F32", (count,), struct.pack(f"<{count}f", *[1.0] * count)


# ---- GGUF: a family's keys, and the shapes of its tensors ----------------------------------------
def keys(name, norm="rms_", heads=KV, **more):
    """The keys that all have, then `more`, in which __ stands for a point."""
    usual = {
        "block_count": L,
        "context_length": 64,
        "embedding_length": D,
        "feed_forward_length": F,
        "attention.head_count": H,
        "attention.head_count_kv": heads,
        "attention.key_length": HEAD,
        "attention.value_length": HEAD,
        f"attention.layer_norm_{norm}epsilon": 1e-5,
        "rope.freq_base": 10000.0,
        "rope.dimension_count": HEAD,
        "vocab_size": V,
    } | {key.replace("__", "."): value for key, value in more.items()}
    return {"general.architecture": name, "general.name": name} | {
        f"{name}.{key}": value for key, value in usual.items()
    }


ATTENTION = dict(attn_q=(Q, D), attn_k=(K, D), attn_v=(K, D), attn_output=(D, Q))
BEFORE = dict(attn_norm=(D,), ffn_norm=(D,))
AFTER = dict(post_attention_norm=(D,), post_ffw_norm=(D,))
DENSE = dict(ffn_gate=(F, D), ffn_up=(F, D), ffn_down=(D, F))
EXPERTS = dict(
    ffn_gate_inp=(E, D), ffn_gate_exps=(E, F, D), ffn_up_exps=(E, F, D), ffn_down_exps=(E, D, F)
)
HEAD_NORMS = dict(attn_q_norm=(HEAD,), attn_k_norm=(HEAD,))
ROW_NORMS = dict(attn_q_norm=(Q,), attn_k_norm=(K,))
LLAMA = BEFORE | ATTENTION | DENSE


def tensors(layer, biases=(), tied=False, others=()):
    """`biases`: the weights that have one, which is as long as their second dimension from the end
    is (those of experts: [E, rows])."""
    made = {"token_embd.weight": f32(V, D), "output_norm.weight": f32(D)}
    if not tied:
        made["output.weight"] = f32(V, D)
    for i in range(L):
        for name, shape in layer.items():
            made[f"blk.{i}.{name}.weight"] = f32(*shape)
            if name in biases:
                rows = shape if len(shape) == 1 else shape[:-1]
                made[f"blk.{i}.{name}.bias"] = f32(*rows)
    return made | dict(others)


FLAGS = (ARRAY, [(BOOL, True), (BOOL, False)])
YARN = dict(
    rope__scaling__type="yarn",
    rope__scaling__factor=4.0,
    rope__scaling__original_context_length=16,
    rope__scaling__yarn_beta_fast=32.0,
    rope__scaling__yarn_beta_slow=1.0,
)
OF_EXPERTS = dict(expert_count=E, expert_used_count=1)
GRANITE = dict(attention__scale=0.25, embedding_scale=6.0, residual_scale=0.25, logit_scale=4.0)
QKV = ("attn_q", "attn_k", "attn_v")
GPT_OSS_BIASES = (*ATTENTION, *EXPERTS)


def without_gate(layer):
    return {name: shape for name, shape in layer.items() if name != "ffn_gate"}


FAMILIES = {
    "llama": (keys("llama", rope__scaling__type="linear", rope__scaling__factor=2.0),
              tensors(LLAMA, others={"rope_freqs.weight": ones(HEAD // 2)})),
    "mixtral": (keys("llama", attention__sliding_window=8, **OF_EXPERTS),
                tensors(BEFORE | ATTENTION | EXPERTS)),
    "qwen2": (keys("qwen2"), tensors(LLAMA, QKV, tied=True)),
    "qwen3": (keys("qwen3"), tensors(LLAMA | HEAD_NORMS)),
    "qwen3moe": (keys("qwen3moe", expert_feed_forward_length=F, expert_weights_norm=True,
                      expert_gating_func=1, **OF_EXPERTS),
                 tensors(BEFORE | ATTENTION | EXPERTS | HEAD_NORMS)),
    "gemma": (keys("gemma"), tensors(LLAMA, tied=True)),
    "gemma2": (keys("gemma2", attention__sliding_window=8, attn_logit_softcapping=5.0,
                    final_logit_softcapping=10.0),
               tensors(LLAMA | AFTER, tied=True)),
    "gemma3": (keys("gemma3", attention__sliding_window=8, rope__freq_base_swa=500.0,
                    attention__sliding_window_pattern=FLAGS, rope__scaling__type="linear",
                    rope__scaling__factor=4.0),
               tensors(LLAMA | AFTER | HEAD_NORMS, tied=True)),
    "phi3": (keys("phi3", rope__dimension_count=2, rope__scaling__original_context_length=16,
                  rope__scaling__attn_factor=1.25, attention__sliding_window=8),
             tensors(BEFORE | dict(attn_qkv=(Q + 2 * K, D), attn_output=(D, Q), ffn_up=(2 * F, D),
                                   ffn_down=(D, F)),
                     tied=True,
                     others={"rope_factors_long.weight": ones(1),
                             "rope_factors_short.weight": ones(1)})),
    "smollm3": (keys("smollm3"), tensors(LLAMA)),
    "olmo2": (keys("olmo2"), tensors(AFTER | ATTENTION | DENSE | ROW_NORMS)),
    "olmo3": (keys("olmo2", attention__sliding_window=8, attention__sliding_window_pattern=FLAGS,
                   **YARN),
              tensors(AFTER | ATTENTION | DENSE | ROW_NORMS)),
    "olmoe": (keys("olmoe", **OF_EXPERTS), tensors(BEFORE | ATTENTION | EXPERTS | ROW_NORMS)),
    "granite": (keys("granite", **GRANITE), tensors(LLAMA)),
    "granitemoe": (keys("granitemoe", **GRANITE, **OF_EXPERTS),
                   tensors(BEFORE | ATTENTION | EXPERTS)),
    "ministral3": (keys("mistral3", attention__temperature_scale=0.25,
                        rope__scaling__yarn_log_multiplier=1.0, **YARN),
                   tensors(LLAMA)),
    "exaone4": (keys("exaone4", attention__sliding_window=8,
                     attention__sliding_window_pattern=FLAGS),
                tensors(AFTER | ATTENTION | DENSE | HEAD_NORMS)),
    "glm4": (keys("glm4", rope__dimension_count=2),
             tensors(BEFORE | AFTER | ATTENTION | dict(ffn_up=(2 * F, D), ffn_down=(D, F)), QKV)),
    "starcoder2": (keys("starcoder2", norm=""),
                   tensors(without_gate(LLAMA), tuple(without_gate(LLAMA)), tied=True,
                           others={"output_norm.bias": f32(D)})),
    "cohere2": (keys("cohere2", norm="", attention__sliding_window=8, logit_scale=0.25),
                tensors(dict(attn_norm=(D,)) | ATTENTION | DENSE, tied=True)),
    "gpt-oss": (keys("gpt-oss", attention__sliding_window=8, expert_feed_forward_length=F, **YARN,
                     **OF_EXPERTS),
                tensors(dict(attn_norm=(D,), post_attention_norm=(D,), attn_sinks=(H,))
                        | ATTENTION | EXPERTS, GPT_OSS_BIASES)),
}
VOCABULARY = {
    "tokens": ["<s>", "</s>", "a", "b", "ab"],
    "token_type": [3, 3, 1, 1, 1],
    "bos_token_id": 0,
    "eos_token_id": 1,
    "eot_token_id": 1,
    "padding_token_id": 1,
    "add_bos_token": True,
    "add_eos_token": False,
}
VOCABULARIES = {
    "byte-level": {"model": "gpt2", "pre": "tekken", "merges": ["a b"]},
    "pieces": {"model": "llama", "pre": "default", "scores": [0.0, 0.0, -1.0, -2.0, -3.0],
               "unknown_token_id": 0, "add_space_prefix": False},
}


def write_gguf_seeds():
    for name, (metadata, weights) in FAMILIES.items():
        gguf(os.path.join(HERE, "corpus", "gguf", name + ".gguf"), metadata, weights)
    for name, own in VOCABULARIES.items():
        metadata = {"tokenizer.ggml." + key: value for key, value in (VOCABULARY | own).items()}
        metadata["tokenizer.chat_template"] = "{{ messages }}"
        path = os.path.join(HERE, "corpus", "gguf_tokenizer", name + ".gguf")
        gguf(path, keys("llama") | metadata, {})


# ---- models of several files, one after the other ------------------------------------------------
def written(writer, *content):
    """The bytes of a file that writer(path, *content) makes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made")
        writer(path, *content)
        with open(path, "rb") as made:
            return made.read()


def joined(name, files):
    """`files`: {name: bytes or what becomes JSON}; tensors: those of a safetensors file."""
    whole = b""
    for file, content in files.items():
        if file.endswith(".safetensors"):
            content = written(safetensors, content)
        elif not isinstance(content, bytes):
            content = json.dumps(content).encode()
        whole += f"=== {file} ===\n".encode() + content + b"\n"
    with open(os.path.join(HERE, "corpus", "files", name), "wb") as out:
        out.write(whole)


def config(kind="llama", cls="LlamaForCausalLM", d=D, f=F, heads=H, head=HEAD, **more):
    return dict(
        architectures=[cls], model_type=kind, hidden_size=d, intermediate_size=f, vocab_size=V,
        num_hidden_layers=1, num_attention_heads=heads, num_key_value_heads=1, head_dim=head,
        max_position_embeddings=64, rms_norm_eps=1e-5, hidden_act="silu",
    ) | more


def directory(d=D, f=F, q=Q, k=K, network=True):
    layer = {"input_layernorm": (d,), "post_attention_layernorm": (d,)}
    layer |= {"self_attn." + n: s for n, s in dict(q_proj=(q, d), k_proj=(k, d), v_proj=(k, d),
                                                   o_proj=(d, q)).items()}
    if network:
        layer |= {"mlp.gate_proj": (f, d), "mlp.up_proj": (f, d), "mlp.down_proj": (d, f)}
    made = {f"model.layers.0.{n}.weight": f32(*s) for n, s in layer.items()}
    ends = {"model.embed_tokens.weight": (V, d), "model.norm.weight": (d,), "lm_head.weight": (V, d)}
    return made | {n: f32(*s) for n, s in ends.items()}


def in_fp8(made, scale):
    out = {}
    for name, (kind, shape, data) in made.items():
        if "_proj" not in name:
            out[name] = kind, shape, data
            continue
        out[name] = "F8_E4M3", shape, b"\x38" * math.prod(shape)
        out[name + scale] = "F32", (1, 1) if scale == "_scale_inv" else (), struct.pack("<f", 0.5)
    return out


def in_mxfp4(made):
    out = {}
    for name, (kind, shape, data) in made.items():
        if "_proj" not in name:
            out[name] = kind, shape, data
            continue
        rows, blocks = shape[0], shape[1] // 32
        out[name + "_blocks"] = "U8", (rows, blocks, 16), b"\x21" * (16 * rows * blocks)
        out[name + "_scales"] = "U8", (rows, blocks), b"\x7f" * (rows * blocks)
    return out


def gpt_oss(quantised):
    d, f, head = (32, 32, 16) if quantised else (D, F, HEAD)
    made = directory(d, f, H * head, head, network=False)
    attention, block = "model.layers.0.self_attn.", "model.layers.0.mlp."
    made |= {attention + "sinks": f32(H), block + "router.weight": f32(E, d),
             block + "router.bias": f32(E)}
    for name, rows in dict(q_proj=H * head, k_proj=head, v_proj=head, o_proj=d).items():
        made[f"{attention}{name}.bias"] = f32(rows)
    made |= {block + "experts.gate_up_proj_bias": f32(E, 2 * f),
             block + "experts.down_proj_bias": f32(E, d)}
    if not quantised:
        return made | {block + "experts.gate_up_proj": f32(E, d, 2 * f),
                       block + "experts.down_proj": f32(E, f, d)}
    for name, rows in dict(gate_up_proj=2 * f, down_proj=d).items():
        made[f"{block}experts.{name}_blocks"] = "U8", (E, rows, 1, 16), b"\x21" * (E * rows * 16)
        made[f"{block}experts.{name}_scales"] = "U8", (E, rows, 1), b"\x7f" * (E * rows)
    return made


def in_nf4(made):
    state = json.dumps(dict(quant_type="nf4", blocksize=64, dtype="float32", shape=[D, F])).encode()
    name = "model.layers.0.mlp.down_proj.weight"
    return made | {
        name: ("U8", (D * F // 2, 1), b"\x77" * (D * F // 2)),
        name + ".absmax": f32(1),
        name + ".quant_map": f32(16),
        name + ".quant_state.bitsandbytes__nf4": ("U8", (len(state),), state),
    }


def mixtral():
    block, made = "model.layers.0.block_sparse_moe.", directory(network=False)
    made[block + "gate.weight"] = f32(E, D)
    for e in range(E):
        for name, shape in dict(w1=(F, D), w2=(D, F), w3=(F, D)).items():
            made[f"{block}experts.{e}.{name}.weight"] = f32(*shape)
    return made


def quantised_by(method, **more):
    return dict(quantization_config=dict(quant_method=method, **more))


def write_file_seeds():
    weights = "model.safetensors"
    joined("fp8-blocks", {"config.json": config(**quantised_by("fp8", weight_block_size=[128, 128])),
                          weights: in_fp8(directory(), "_scale_inv")})
    joined("fp8-matrix", {"config.json": config(**quantised_by("fp8")),
                          weights: in_fp8(directory(), "_scale")})
    wide = dict(d=32, f=32, head=16)
    joined("mxfp4", {"config.json": config(**wide, **quantised_by("mxfp4")),
                     weights: in_mxfp4(directory(32, 32, H * 16, 16))})
    joined("nf4", {"config.json": config(**quantised_by("bitsandbytes", load_in_4bit=True,
                                                        bnb_4bit_quant_type="nf4")),
                   weights: in_nf4(directory())})
    oss = dict(kind="gpt_oss", cls="GptOssForCausalLM", num_local_experts=E, num_experts_per_tok=1,
               sliding_window=8, layer_types=["sliding_attention"], swiglu_limit=7.0,
               attention_bias=True)
    joined("gpt-oss", {"config.json": config(**oss), weights: gpt_oss(False)})
    joined("gpt-oss-mxfp4", {"config.json": config(**oss, **wide, **quantised_by("mxfp4")),
                             weights: gpt_oss(True)})
    experts = dict(num_local_experts=E, num_experts_per_tok=1)
    joined("mixtral", {"config.json": config("mixtral", "MixtralForCausalLM", **experts),
                       weights: mixtral()})
    made = list(directory().items())
    files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    places = {name: files[i >= 6] for i, (name, _) in enumerate(made)}
    joined("shards", {"config.json": config(),
                      "model.safetensors.index.json": dict(metadata={}, weight_map=places),
                      files[0]: dict(made[:6]), files[1]: dict(made[6:]),
                      "generation_config.json": dict(eos_token_id=1, top_k=5)})
    metadata, all_tensors = FAMILIES["qwen2"]
    first, others = list(all_tensors.items())[:9], list(all_tensors.items())[9:]
    split = {"split.count": (U16, 2), "split.tensors.count": (I32, len(all_tensors))}
    joined("split", {
        "m-00001-of-00002.gguf": written(
            gguf, metadata | {"split.no": (U16, 0)} | split, dict(first)
        ),
        "m-00002-of-00002.gguf": written(
            gguf, {"split.no": (U16, 1)} | split, dict(others)
        ),
    })


def write_session_seeds():
    """Kept conversations without their checksum, which the target adds."""
    running = dict.fromkeys(("model", "hash", "mode", "head", "compute", "backend", "kv"), "x")
    for layers, size in ((0, 0), (2, 8)):
        header = dict(running=running, model_path="m", context=8, created_utc="", system="s",
                      turns=[dict(role="user", content="q"),
                             dict(role="assistant", content="a", thinking="t", whole="w")],
                      forgotten=1, tokens=[1, 2], settings={"seed": "7"}, layers=layers, layer_bytes=size)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(os.path.join(HERE, "corpus", "session", f"{layers}-layers"), "wb") as out:
            out.write(b"NETYCHAT" + struct.pack("<II", 1, len(text)) + text + bytes(layers * size))


for folder in ("gguf", "gguf_tokenizer", "files", "session"):
    os.makedirs(os.path.join(HERE, "corpus", folder), exist_ok=True)
write_gguf_seeds()
write_file_seeds()
write_session_seeds()
