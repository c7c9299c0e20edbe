"""As much of transformers as nety's scripts use: a model that takes its time and answers the same.

STUB_FAILURE in the environment makes it fail:
  load      every load, as the story's did
  forward   every step
  exit      ends the process in a step
  chatter   prints to stdout
  story     the 8-bit call where layers are offloaded, at load (January 2026)
  today     the same in forward (transformers 5.23)
  uneven    4-bit (see bitsandbytes), and what is saved after a forward is damaged"""

import json
import os
import struct
import sys
import time
import types

import bitsandbytes
import torch

__version__ = "5.23.0"
logging = types.SimpleNamespace(set_verbosity_error=lambda: None)
utils = types.SimpleNamespace(logging=types.SimpleNamespace(disable_progress_bar=lambda: None))
FAILURE = os.environ.get("STUB_FAILURE", "")


class BitsAndBytesConfig:
    def __init__(self, load_in_8bit=False, load_in_4bit=False, **options):
        self.load_in_8bit, self.load_in_4bit = load_in_8bit, load_in_4bit


class Config:
    def __init__(self, **values):
        self.__dict__.update(values)

    def get_text_config(self):
        return self


class LlamaConfig(Config):
    pass


class Module:
    def __init__(self, weights):
        self.weights = weights
        self.weight = weights[0]

    def parameters(self, recurse=True):
        return self.weights

    def buffers(self, recurse=True):
        return []


class Eight(bitsandbytes.nn.Linear8bitLt):
    def parameters(self, recurse=True):
        return []

    buffers = parameters


class LlamaForCausalLM:
    def __init__(self, config, dtype=torch.float32, quantised=None, offloaded=False):
        self.config, self.dtype, self.offloaded = config, dtype, offloaded
        self.hf_device_map = {"model": "disk" if offloaded else "cpu"}
        size = 1 if quantised else dtype.itemsize
        vocab, dim = config.vocab_size, config.hidden_size
        self.embedding = Module([torch.Weight(1, vocab * dim * dtype.itemsize, vocab)])
        self.layers = [Module([torch.Weight(2, dim * dim * size)])]
        self.layers[0].in_features = self.layers[0].out_features = dim
        if quantised is not None and quantised.load_in_8bit:
            self.layers.append(Eight())
        self.used = False

    def eval(self):
        return self

    def modules(self):
        return [self.embedding, *self.layers]

    def get_input_embeddings(self):
        return self.embedding

    get_output_embeddings = get_input_embeddings

    def forward(self, input_ids=None, past_key_values=None, use_cache=None, logits_to_keep=0):
        if FAILURE == "forward" or (FAILURE == "today" and self.offloaded):
            raise RuntimeError("Found no NVIDIA driver on your system.")
        if FAILURE == "exit":
            os._exit(3)
        self.used = True
        time.sleep(0.001)
        return types.SimpleNamespace(logits=input_ids, past_key_values=[])

    __call__ = forward

    def generate(self, input_ids=None, streamer=None, max_new_tokens=0, **_):
        streamer.put(input_ids)
        for token in range(max_new_tokens):
            time.sleep(0.001)
            streamer.put(torch.Tensor([token]))
        streamer.end()

    def save_pretrained(self, folder):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump(vars(self.config), file)
        damaged = FAILURE == "uneven" and self.used
        entry = {"dtype": "BF16" if damaged else "F32", "shape": [2, 2] if damaged else [4]}
        header = json.dumps({"a.weight.absmax": {**entry, "data_offsets": [0, 0]}}).encode()
        with open(os.path.join(folder, "model.safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)


class AutoModelForCausalLM:
    @staticmethod
    def from_pretrained(path, dtype=None, quantization_config=None, max_memory=None, **_):
        if FAILURE == "chatter":
            print("loading ...", flush=True)
            sys.stderr.write("a warning\n")
        if FAILURE == "load" or (FAILURE == "story" and max_memory is not None):
            raise AttributeError("'Int8Params' object has no attribute 'SCB'")
        with open(os.path.join(path, "config.json")) as file:
            config = Config(**json.load(file))
        dtype = torch.float32 if dtype in (None, "auto") else dtype
        return LlamaForCausalLM(config, dtype, quantization_config, max_memory is not None)


class Tokenizer:
    pad_token_id = eos_token_id = 0

    def __call__(self, text, return_tensors=None):
        ids = torch.Tensor([[ord(c) for c in text[:16]]])
        return {"input_ids": ids, "attention_mask": ids}

    def decode(self, tokens):
        return "".join(chr(97 + t % 26) for t in tokens)


class AutoTokenizer:
    @staticmethod
    def from_pretrained(path):
        return Tokenizer()
