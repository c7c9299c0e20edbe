"""Files of other people's tools: what loads elsewhere loads here, what cannot is named."""

import json
import os
import struct

from inputs import *
from trial import expect

ABC = speaker(chain(ids("h")[0], ids("abc")))  # after "h" it says "abccc..."


def says_abc(t, model):
    return t.generate(model, "h", "--greedy", "-n", 3).gives(text="abc")


# ---- stricter than the reference without need ----------------------------------------------------
def names_without_model(t):
    """Tensors named as AutoModel saves the trunk of a model, without "model.": the same model."""
    bare = {name.removeprefix("model."): tensor for name, tensor in ABC.items()}
    for tensors in t.each(all=bare, head_first=dict(sorted(bare.items(), reverse=True))):
        t.generate(folder("m", tensors), "h", "--greedy", "-n", 4).gives(text="abcc")


def names_without_model_in_shards(t):
    """The same in two files with an index."""
    bare = {name.removeprefix("model."): tensor for name, tensor in ABC.items()}
    model, names = folder("m", None), list(bare)
    weights = {}
    for i, part in enumerate((names[:5], names[5:])):
        file = f"model-0000{i + 1}-of-00002.safetensors"
        safetensors(os.path.join(model, file), {name: bare[name] for name in part})
        weights |= {name: file for name in part}
    index = {"metadata": {"total_size": 1}, "weight_map": weights}
    write(os.path.join(model, "model.safetensors.index.json"), json.dumps(index))
    says_abc(t, model)


def old_class_name(t):
    """architectures names a class of an early conversion or of the trunk; model_type is llama."""
    for name in t.each(early="LLaMAForCausalLM", trunk="LlamaModel", other="YiForCausalLM"):
        says_abc(t, folder("m", ABC, config_=dict(architectures=[name])))
    for value in t.each(none=DROP, null=None, empty=[]):
        says_abc(t, folder("m", ABC, config_=dict(architectures=value)))


def class_of_another_task(t):
    """A head for another task is not run as a text model: refused, naming the class."""
    model = folder("m", ABC, config_=dict(architectures=["LlamaForSequenceClassification"]))
    t.nety("fit", model).refuses("LlamaForSequenceClassification")


def infinity_in_an_unused_key(t):
    """config.json has Infinity, NaN and an integer of 31 digits, as Python writes them, in keys
    that a Llama does not use."""
    odd = dict(
        time_step_limit=[0.0, float("inf")],
        router_aux_loss=float("nan"),
        model_max_length=1000000000000000019884624838656,
        nested=dict(least=float("-inf"), long=[-(10**30)]),
    )
    says_abc(t, folder("m", ABC, config_=odd))
    generation = dict(eos_token_id=EOS, max_length=10**30, penalty_alpha=float("inf"))
    for model in t.each(generation=folder("g", ABC, generation=generation)):
        says_abc(t, os.path.join("..", model))


def infinity_in_a_used_key(t):
    """The same in keys that a Llama does use: refused, naming the key."""
    for key, value in t.each(
        eps=("rms_norm_eps", float("nan")),
        theta=("rope_theta", float("inf")),
        context=("max_position_embeddings", 10**30),
        layers=("num_hidden_layers", float("inf")),
        act=("hidden_act", float("nan")),
    ):
        t.nety("fit", folder("m", ABC, config_={key: value})).refuses(key)


def odd_generation_config(t):
    """Values of generation_config.json that cannot be used do not keep a model from loading."""
    for name, value in t.each(
        all_tokens=("top_k", -1),
        text=("temperature", "hot"),
        not_a_number=("top_p", float("nan")),
        a_list=("repetition_penalty", [1.0]),
        no_ids=("suppress_tokens", ["x"]),
    ):
        model = folder("m", ABC, generation={name: value, "eos_token_id": EOS})
        t.nety("fit", model).ok()
        says_abc(t, model)


def generation_config_that_is_not_json(t):
    """A generation_config.json that cannot be read is named in a notice and left out."""
    for text in t.each(cut='{"top_k": 5', list="[1, 2]", words="<none>"):
        model = folder("m", ABC)
        write(os.path.join(model, "generation_config.json"), text)
        expect("generation_config" in says_abc(t, model).err, "a notice of the file", "none")


# ---- metadata of the wrong type or range ---------------------------------------------------------
def token_types_as_strings(t):
    """A key of a GGUF's tokenizer has another type than the format says: refused, naming the key
    (taken as absent, <|im_start|> would be ordinary text)."""
    n = len(TOKENS)
    for key, value in t.each(
        strings=("token_type", ["1"] * n),
        floats=("token_type", [1.0] * n),
        one=("token_type", 1),
        scores=("scores", ["0"] * n),
        merges=("merges", [1, 2]),
        tokens=("tokens", list(range(n))),
        flag=("add_bos_token", "true"),
        count=("add_eos_token", 1),
        model=("model", 5),
        pre=("pre", 1.0),
        template=("tokenizer__chat_template", ["x"]),
    ):
        gguf("m.gguf", gguf_keys(**{key: value}), {})
        t.tokens("m.gguf", "hello").refuses(key.split("__")[-1])


def ids_of_another_type(t):
    """The id of a special token is no whole number: refused, naming the key."""
    for key, value in t.each(
        text=("bos_token_id", "1"),
        fraction=("eos_token_id", 2.0),
        flag=("eot_token_id", True),
        list=("eos_token_id", ["1"]),
    ):
        gguf("m.gguf", gguf_keys(**{key: value}), gguf_tensors(ABC))
        t.nety("fit", "m.gguf").refuses(key)


def ids_that_say_none(t):
    """-1 and 2^32 - 1 are how some writers say that there is no such token."""
    for value in t.each(signed=(I32, -1), plain=(U32, 2**32 - 1)):
        gguf("m.gguf", gguf_keys(eot_token_id=value, padding_token_id=value), gguf_tensors(ABC))
        says_abc(t, "m.gguf")


# ---- what it says --------------------------------------------------------------------------------
def second_part_of_a_split(t):
    """A part of a split GGUF without the others, the later of which hold the split.* keys alone: the
    message says that it is a part, which, and which is missing, not that it is damaged."""
    for number, of in t.each(second=(1, 2), third=(2, 3)):
        counts = {"split.count": (U16, of), "split.tensors.count": (I32, 12)}
        path = f"m-0000{number + 1}-of-0000{of}.gguf"
        gguf(path, {"split.no": (U16, number)} | counts, dict(list(gguf_tensors(ABC).items())[6:]))
        for answer in (t.nety("fit", path), t.tokens(path, "hello")):
            answer.refuses(f"part {number + 1} of {of}", "split", f"m-00001-of-0000{of}.gguf", "missing")
            answer.never_says("damaged")


def first_part_of_a_split(t):
    """The first part has all keys and some of the tensors. Under another name its text is read, and the
    model is not; with the other part beside it, the model is read by either."""
    split = {"split.count": (U16, 2), "split.tensors.count": (I32, len(gguf_tensors(ABC)))}
    first = gguf_keys() | {"split.no": (U16, 0)} | split
    some, others = list(gguf_tensors(ABC).items())[:6], list(gguf_tensors(ABC).items())[6:]
    gguf("whole.gguf", first, dict(some))
    t.nety("fit", "whole.gguf").refuses("part 1 of 2", "FIRST_PART").never_says("missing")
    t.tokens("whole.gguf", "hello").ok()
    gguf("m-00001-of-00002.gguf", first, dict(some))
    gguf("m-00002-of-00002.gguf", {"split.no": (U16, 1)} | split, dict(others))
    says_abc(t, "m-00001-of-00002.gguf")
    says_abc(t, "m-00002-of-00002.gguf")


def git_lfs_pointer(t):
    """A file is a Git LFS pointer, as a clone without LFS leaves it: the message says so."""
    oid = "4d7a2146" * 8
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 91739136\n"
    for name in t.each(gguf="m.gguf", other_name="model.bin"):
        write(name, pointer)
        t.nety("fit", name).refuses("lfs", "91739136", name)
    for name in t.each(
        weights="model.safetensors", config="config.json", template="tokenizer_config.json"
    ):
        write(os.path.join(folder("m", ABC), name), pointer)
        t.nety("fit", "m").refuses("lfs", name)
    for name in t.each(tokenizer="tokenizer.json"):
        write(os.path.join(folder("m", ABC), name), pointer)
        t.tokens("m", "hello").refuses("lfs", name)


def web_page_for_a_model(t):
    """A download brought a web page: the message says so."""
    for page in t.each(plain="<!DOCTYPE html>\n<html>", short="\n <html lang=en>"):
        write("m.gguf", page + "<body>Not found</body></html>")
        t.nety("fit", "m.gguf").refuses("web page")
        write(os.path.join(folder("m", ABC), "config.json"), page)
        t.nety("fit", "m").refuses("web page", "config.json")


def quantization_without_method(t):
    """quantization_config has no quant_method: the message says that it is missing, not that it is
    "" ."""
    for section in t.each(
        awq=dict(bits=4, group_size=128, zero_point=True), null=dict(quant_method=None), empty={}
    ):
        model = folder("m", ABC, config_=dict(quantization_config=section))
        t.nety("fit", model).refuses("quant_method").never_says('is ""')
