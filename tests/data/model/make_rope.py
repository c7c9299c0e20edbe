"""Writes rope.json: inverse frequencies and attention factors as transformers computes them.

Run with an interpreter that has torch and transformers 5: python make_rope.py > rope.json
"""

import json
import sys

import torch
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

POSITIONS = [0, 1, 7, 100, 2047, 8191]


def case(name, head_dim, context, parameters, length=None):
    config = LlamaConfig(
        hidden_size=4 * head_dim,
        num_attention_heads=4,
        head_dim=head_dim,
        max_position_embeddings=context,
        rope_parameters=dict(parameters),
    )
    kind = parameters["rope_type"]
    if kind == "default":
        frequencies, factor = LlamaRotaryEmbedding.compute_default_rope_parameters(config)
    else:
        frequencies, factor = ROPE_INIT_FUNCTIONS[kind](config, None, seq_len=length)
    angles = torch.tensor(POSITIONS)[:, None].float() * frequencies
    row = {
        "name": name,
        "head_dim": head_dim,
        "context": context,
        "length": length or 1,
        "parameters": parameters,
        "inverse_frequencies": [float(f) for f in frequencies],
        "attention_factor": float(factor),
    }
    if name in ("llama-3.1", "yarn"):
        row["positions"] = POSITIONS
        row["cosines"] = (angles.cos() * factor).flatten().tolist()
        row["sines"] = (angles.sin() * factor).flatten().tolist()
    return row


def main():
    llama3 = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    yarn = {
        "rope_type": "yarn",
        "rope_theta": 10000.0,
        "factor": 4.0,
        "original_max_position_embeddings": 4096,
    }
    dynamic = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}
    linear = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}
    cases = [
        case("default", 64, 2048, {"rope_type": "default", "rope_theta": 10000.0}),
        case("default, odd head", 6, 2048, {"rope_type": "default", "rope_theta": 1e6}),
        case("linear", 64, 8192, linear),
        case("dynamic, short", 64, 2048, dynamic, 100),
        case("dynamic, long", 64, 2048, dynamic, 6000),
        case("dynamic, wide", 128, 4096, dict(dynamic, factor=3.5), 4097),
        case("llama-3.1", 128, 131072, llama3),
        case("llama-3.2", 64, 131072, dict(llama3, factor=32.0)),
        case("yarn", 128, 16384, yarn),
        case("yarn, given factor", 64, 16384, dict(yarn, attention_factor=1.25)),
        case("yarn, mscale", 64, 163840, dict(yarn, factor=40.0, mscale=0.707, mscale_all_dim=1.0)),
        case("yarn, betas", 64, 16384, dict(yarn, beta_fast=16.0, beta_slow=2.0)),
        case("yarn, not truncated", 64, 131072, dict(yarn, factor=32.0, truncate=False)),
    ]
    rows = ",\n".join(json.dumps(row) for row in cases)
    sys.stdout.write(f'{{"cases": [\n{rows}\n]}}\n')


if __name__ == "__main__":
    main()
