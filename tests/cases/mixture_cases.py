"""Mixtures of experts and families with patterns of layers, right and damaged: exit status 7, and
one message that names what is wrong."""

import math
import struct

from inputs import *

EXPERTS, WIDTH = 3, 32
ABC = speaker(chain(ids("h")[0], ids("abc")))  # after "h" it says "abccc..."


def zeros(*shape):
    return "F32", shape, bytes(4 * math.prod(shape))


def mixture_keys(**changes):
    usual = dict(llama__expert_count=EXPERTS, llama__expert_used_count=2)
    return gguf_keys(**usual | changes)


def mixture_tensors():
    """The model with a mixture in place of its network, whose experts add nothing either."""
    made = {k: v for k, v in gguf_tensors(ABC).items() if ".ffn_" not in k or "norm" in k}
    dim, ffn = sizes()["dim"], sizes()["ffn"]
    return made | {
        "blk.0.ffn_gate_inp.weight": zeros(EXPERTS, dim),
        "blk.0.ffn_gate_exps.weight": zeros(EXPERTS, ffn, dim),
        "blk.0.ffn_up_exps.weight": zeros(EXPERTS, ffn, dim),
        "blk.0.ffn_down_exps.weight": zeros(EXPERTS, dim, ffn),
    }


def mixtral(path, config_=(), drop=""):
    """The same as a directory, experts one by one; without tensors that have `drop` in their name."""
    dim, ffn = sizes()["dim"], sizes()["ffn"]
    made = {k: v for k, v in ABC.items() if ".mlp." not in k}
    block = "model.layers.0.block_sparse_moe."
    made[block + "gate.weight"] = zeros(EXPERTS, dim)
    for e in range(EXPERTS):
        made[f"{block}experts.{e}.w1.weight"] = zeros(ffn, dim)
        made[f"{block}experts.{e}.w2.weight"] = zeros(dim, ffn)
        made[f"{block}experts.{e}.w3.weight"] = zeros(ffn, dim)
    usual = dict(
        model_type="mixtral",
        architectures=["MixtralForCausalLM"],
        num_local_experts=EXPERTS,
        num_experts_per_tok=2,
    )
    left = {k: v for k, v in made.items() if not drop or drop not in k}
    return folder(path, left, config_=usual | dict(config_))


def says_abc(t, model):
    return t.generate(model, "h", "--greedy", "-n", 3).gives(text="abc")


def refuses_everywhere(t, model, *words):
    """fit reads headers alone, generate loads: both with status 7, before anything runs."""
    t.nety("fit", model).exits(7).says(*words)
    t.generate(model, "h", "-n", 1).exits(7).says(*words)


def mixture_in_both_formats(t):
    """Experts that add nothing leave the model what it was: "abc"."""
    for is_gguf in t.each(gguf=True, directory=False):
        if is_gguf:
            gguf("m.gguf", mixture_keys(), mixture_tensors())
        says_abc(t, "m.gguf" if is_gguf else mixtral("m"))


def experts_none_or_too_many(t):
    """0 and 10^9 experts, more chosen than there are, none chosen: refused, naming the key."""
    for key, value in t.each(
        none=("expert_count", 0),
        many=("expert_count", 10**9),
        negative=("expert_count", (I32, -1)),
        chosen=("expert_used_count", EXPERTS + 1),
        nobody=("expert_used_count", 0),
        chosen_many=("expert_used_count", 10**9),
    ):
        gguf("m.gguf", mixture_keys(**{"llama__" + key: value}), mixture_tensors())
        # None at all is how some writers say that a Llama is dense: its tensors are missing then.
        words = ("missing",) if (key, value) == ("expert_count", 0) else (key,)
        refuses_everywhere(t, "m.gguf", *words)
    for key, value in t.each(
        none_=("num_local_experts", 0),
        many_=("num_local_experts", 10**9),
        chosen_=("num_experts_per_tok", EXPERTS + 1),
        nobody_=("num_experts_per_tok", 0),
    ):
        refuses_everywhere(t, mixtral("m", {key: value}), key)


def experts_missing(t):
    """An expert's matrix, a whole stack or the router is not there: refused, naming it."""
    for name in t.each(
        gate="blk.0.ffn_gate_exps.weight",
        down="blk.0.ffn_down_exps.weight",
        router="blk.0.ffn_gate_inp.weight",
    ):
        left = {k: v for k, v in mixture_tensors().items() if k != name}
        gguf("m.gguf", mixture_keys(), left)
        refuses_everywhere(t, "m.gguf", name, "missing")
    for drop in t.each(one="experts.1.w3", router_="moe.gate"):
        refuses_everywhere(t, mixtral("m-" + drop, drop=drop), drop, "missing")


def experts_of_another_shape(t):
    """Stacks of fewer experts, or turned around: refused, with both shapes."""
    dim, ffn = sizes()["dim"], sizes()["ffn"]
    for shape in t.each(fewer=(EXPERTS - 1, ffn, dim), turned=(EXPERTS, dim, ffn)):
        name = "blk.0.ffn_up_exps.weight"
        gguf("m.gguf", mixture_keys(), mixture_tensors() | {name: zeros(*shape)})
        refuses_everywhere(t, "m.gguf", name, f"[{EXPERTS}, {ffn}, {dim}]", str(list(shape)))


def pattern_shorter_than_the_layers(t):
    """A pattern of layers has not as many as there are: refused, naming it."""
    for config_ in t.each(
        gemma3=dict(
            model_type="gemma3_text",
            architectures=["Gemma3ForCausalLM"],
            hidden_activation="gelu_pytorch_tanh",
        ),
        qwen3=dict(model_type="qwen3", architectures=["Qwen3ForCausalLM"]),
        olmo3=dict(model_type="olmo3", architectures=["Olmo3ForCausalLM"]),
    ):
        types = dict(num_hidden_layers=3, layer_types=["full_attention", "full_attention"])
        refuses_everywhere(t, folder("m", ABC, config_=config_ | types), "layer_types", "2 layers")
    for kept in t.each(rope=[1, 0]):
        smol = dict(model_type="smollm3", architectures=["SmolLM3ForCausalLM"], num_hidden_layers=3)
        model = folder("m", ABC, config_=smol | dict(no_rope_layers=kept))
        refuses_everywhere(t, model, "no_rope_layers")


def scale_that_is_no_number(t):
    """A block of a quantised matrix has NaN or infinity for a scale: refused once it is read, naming
    the tensor and the place."""
    dim, ffn = sizes()["dim"], sizes()["ffn"]
    name = "blk.0.ffn_down.weight"
    for half in t.each(nan=0x7E00, infinity=0x7C00, minus=0xFC00):
        blocks = bytearray(34 * dim * ffn // 32)
        blocks[34 * 5 : 34 * 5 + 2] = struct.pack("<H", half)  # row 1, columns 64 to 95
        gguf("m.gguf", gguf_keys(), gguf_tensors(ABC) | {name: ("Q8_0", (dim, ffn), bytes(blocks))})
        t.nety("fit", "m.gguf").ok()
        t.generate("m.gguf", "h", "-n", 1).exits(7).says(name, "row 1", "m.gguf")
