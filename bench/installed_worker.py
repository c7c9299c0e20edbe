"""The other end of `nety bench --backends installed`: the user's own transformers and bitsandbytes.

Speaks bench/protocol.h: one JSON object per line in, one or more per line out. Times what
bench/measure_mode.cpp times, on the same token ids. transformers 4.45 to 5.x."""

import inspect
import json
import math
import os
import sys
import threading
import time

sys.path = [folder for folder in sys.path if folder]  # a torch.py lying about is not the torch

FLOATS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
FOUR_BIT = {
    "nf4": ("nf4", False),
    "nf4-dq": ("nf4", True),
    "fp4": ("fp4", False),
    "fp4-dq": ("fp4", True),
}
WHOLE_TEXT, WINDOW = 1024, 256  # bench/quality.cpp: windows of text
WARM_UP_STEPS = 2


class Failure(Exception):
    """An answer that is no answer; `kind` is a word of core/base/error.h."""

    def __init__(self, kind, what, hint=""):
        super().__init__(what)
        self.kind, self.hint = kind, hint


def random_token_ids(seed, count, vocab):
    """SplitMix64, as bench/measure_mode.cpp."""
    mask, state, tokens = (1 << 64) - 1, seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        tokens.append((mixed ^ (mixed >> 31)) % vocab)
    return tokens


def cut_windows(tokens, context):
    """(tokens per window, windows, first token whose likelihood counts), as bench/quality.cpp."""
    if tokens < 2 or context < 2:
        return 0, 0, 0
    if tokens <= min(WHOLE_TEXT, context):
        return tokens, 1, 1
    size = min(WINDOW, context)
    return size, tokens // size, max(size // 2, 1)


def release(version):
    numbers = []
    for part in version.split(".")[:2]:
        digits = "".join(c for c in part if c.isdigit())
        numbers.append(int(digits or 0))
    return tuple(numbers)


class Memory:
    """Peaks of this process; the kernel keeps only that of the whole."""

    def __init__(self):
        self.peaks, self.now, self.watching = {}, {}, False

    def note(self):
        try:
            with open("/proc/self/status") as status:
                for line in status:
                    name, _, value = line.partition(":")
                    if name in ("VmRSS", "VmHWM", "RssAnon", "RssFile"):
                        self.now[name] = int(value.split()[0]) * 1024
                        self.peaks[name] = max(self.now[name], self.peaks.get(name, 0))
        except OSError:
            pass

    def watch(self):
        while self.watching:
            self.note()
            time.sleep(0.01)

    def start(self):
        self.watching = True
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def stop(self):
        self.watching = False
        self.watcher.join()

    def answer(self):
        self.note()
        return {
            "rss_bytes": self.now.get("VmRSS"),
            "steady_anon_bytes": self.now.get("RssAnon"),
            "steady_file_bytes": self.now.get("RssFile"),
            "peak_rss_bytes": self.peaks.get("VmHWM"),
            "peak_anon_bytes": self.peaks.get("RssAnon"),
            "peak_file_bytes": self.peaks.get("RssFile"),
        }


class TextTimes:
    """A streamer for generate(): when each token came, and when the first text showed."""

    def __init__(self, tokenizer, start):
        self.tokenizer, self.start = tokenizer, start
        self.prompt_seen, self.tokens, self.times, self.first_text = False, [], [], None

    def put(self, value):
        if not self.prompt_seen:
            self.prompt_seen = True
            return
        self.tokens.extend(value.reshape(-1).tolist())
        text = self.tokenizer.decode(self.tokens[-8:])
        now = time.perf_counter() - self.start
        if self.first_text is None and text and not text.endswith("\ufffd"):
            self.first_text = now
        self.times.append(now)

    def end(self):
        pass


class Stack:
    """One model in one mode."""

    def __init__(self):
        self.memory = Memory()
        self.model = self.tokenizer = self.cache = None
        self.text, self.windows = [], (0, 0, 0)

    # Loading

    def load(self, command, progress):
        self.seed, request = command.get("seed", 0), command["engine"]
        self.request, self.rows = request, max(request.get("logit_rows", 0), 1)
        self.memory.start()
        start = time.perf_counter()
        try:
            progress("Importing transformers", 0, 2)
            self.import_stack()
            imported = time.perf_counter()
            progress("Loading weights", 1, 2)
            self.model = self.from_pretrained().eval()
            self.config = self.model.config.get_text_config()
        finally:
            self.memory.stop()
        done = time.perf_counter()
        self.find_row_option()
        reply = self.memory.answer()
        reply.update(self.facts())
        reply.update(load_s=done - start, init_s=imported - start, convert_s=done - imported)
        return reply

    def import_stack(self):
        try:
            import numpy
            import torch
            import transformers
        except ImportError as error:
            raise Failure(
                "environment",
                f"{sys.executable}: {error}",
                "./nety setup --python-stack makes an environment that has it.",
            )
        self.numpy, self.torch, self.transformers = numpy, torch, transformers
        transformers.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        if self.request.get("threads", 0) > 0:
            torch.set_num_threads(self.request["threads"])
        if self.request.get("device", "cpu") not in ("", "cpu"):
            raise Failure(
                "usage", f"the installed backend measures the CPU, not {self.request['device']}"
            )

    def from_pretrained(self):
        torch, transformers = self.torch, self.transformers
        mode, path = self.request["mode"], self.request["model"]
        compute = FLOATS.get(self.request.get("compute") or "fp32", "float32")
        options, self.quantised = {}, False
        if mode in FLOATS:
            dtype = getattr(torch, FLOATS[mode])
        elif mode == "stored":
            dtype, self.quantised = "auto", self.stored_quantised(path)
        elif mode == "int8" or mode in FOUR_BIT:
            dtype, self.quantised = getattr(torch, compute), True
            if not self.stored_quantised(path):
                options["quantization_config"] = self.quantization(mode, dtype)
        else:
            raise Failure("usage", f"transformers and bitsandbytes have no mode {mode}")
        if self.quantised:
            self.import_bitsandbytes()
            options["device_map"] = "cpu"
        name = "dtype" if release(transformers.__version__) >= (4, 56) else "torch_dtype"
        options[name] = dtype
        return transformers.AutoModelForCausalLM.from_pretrained(path, **options)

    @staticmethod
    def stored_quantised(path):
        with open(os.path.join(path, "config.json")) as file:
            return "quantization_config" in json.load(file)

    def import_bitsandbytes(self):
        try:
            import accelerate  # device_map needs it
            import bitsandbytes
        except ImportError as error:
            raise Failure(
                "environment",
                f"{sys.executable}: {error}",
                "./nety setup --python-stack makes an environment that has it.",
            )
        self.bitsandbytes = bitsandbytes

    def quantization(self, mode, dtype):
        self.import_bitsandbytes()
        if mode == "int8":
            return self.transformers.BitsAndBytesConfig(load_in_8bit=True)
        kind, nested = FOUR_BIT[mode]
        return self.transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type=kind,
            bnb_4bit_use_double_quant=nested,
            bnb_4bit_compute_dtype=dtype,
        )

    def find_row_option(self):
        """The option that computes only the last logits: as old as 4.45, renamed in 4.49."""
        parameters = inspect.signature(self.model.forward).parameters
        names = [name for name in ("logits_to_keep", "num_logits_to_keep") if name in parameters]
        self.last_row = {names[0]: 1} if names else {}

    def facts(self):
        config, torch = self.config, self.torch
        capability = torch.backends.cpu.get_cpu_capability()
        heads = config.num_attention_heads
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // heads
        kv_heads = getattr(config, "num_key_value_heads", None) or heads
        self.kv_row = 2 * config.num_hidden_layers * kv_heads * head_dim * self.model.dtype.itemsize
        self.vocab = config.vocab_size
        most = getattr(config, "max_position_embeddings", None) or 1 << 30
        self.context = min(self.request.get("context", 0) or most, most)
        self.count_weights()
        kernel = f"transformers {self.transformers.__version__}, torch {torch.__version__.split('+')[0]} {capability}"
        if self.quantised:
            kernel += f", bitsandbytes {self.bitsandbytes.__version__}"
        kernel += f", {str(self.model.dtype).replace('torch.', '')} activations"
        return {
            "device": "cpu",
            "isa": capability.lower(),
            "kernel": kernel,
            "threads": torch.get_num_threads(),
            "weights_bytes": self.weights_bytes,
            "kv_bytes": self.kv_row * self.context,
            "cached_share": -1,
            "context": self.context,
            "vocab": self.vocab,
            "flops_per_token": self.flops_per_token(),
            "activation": self.activation(),
        }

    def activation(self):
        """The type that is multiplied, by the name that the modes have."""
        if self.request["mode"] == "int8":
            return "int8"
        dtypes = {getattr(self.torch, dtype): name for name, dtype in FLOATS.items()}
        return dtypes.get(self.model.dtype, str(self.model.dtype))

    def flops_per_token(self):
        """Two for every weight of the layers' matrices, without the head: as bench/engine_model.cpp."""
        head = self.model.get_output_embeddings()
        return 2 * sum(
            module.in_features * module.out_features
            for module in self.model.modules()
            if module is not head and hasattr(module, "in_features")
        )

    def count_weights(self):
        """Bytes of all weights with their scales, and those that one token reads."""
        seen, total = {}, 0

        def add(tensor):
            if tensor is not None and tensor.data_ptr() not in seen:
                seen[tensor.data_ptr()] = tensor.nbytes

        for module in self.model.modules():
            for tensor in list(module.parameters(recurse=False)) + list(
                module.buffers(recurse=False)
            ):
                add(tensor)
                add(getattr(tensor, "SCB", None))
                state = getattr(tensor, "quant_state", None)
                for nested in (state, getattr(state, "state2", None)):
                    add(getattr(nested, "absmax", None))
        total = sum(seen.values())
        table = self.model.get_input_embeddings().weight
        head = self.model.get_output_embeddings()
        tied = head is not None and head.weight.data_ptr() == table.data_ptr()
        self.weights_bytes = total
        self.token_bytes = (
            total if tied else total - table.nbytes + table.nbytes // max(table.shape[0], 1)
        )

    # Steps

    def reset(self):
        self.cache = None

    def forward(self, tokens, all_rows=False):
        torch = self.torch
        with torch.inference_mode():
            out = self.model(
                input_ids=torch.tensor([tokens]),
                past_key_values=self.cache,
                use_cache=True,
                **({} if all_rows else self.last_row),
            )
            self.cache = out.past_key_values
            return out.logits[0] if all_rows else out.logits[0, -1]

    def tokens(self, count):
        return random_token_ids(self.seed, count, self.vocab)

    def warm_up(self, command, _):
        self.reset()
        if command.get("n_prompt", 0) > 0:
            self.forward(self.tokens(command["n_prompt"]))
        for token in self.tokens(WARM_UP_STEPS):
            self.forward([token])
        self.memory.note()
        return {}

    def prefill(self, command, _):
        tokens = self.tokens(command["n_prompt"])
        self.reset()
        start = time.perf_counter()
        self.forward(tokens)
        seconds = time.perf_counter() - start
        self.memory.note()
        return {"seconds": seconds}

    def decode(self, command, _):
        count, depth = command["n_gen"], command.get("depth", 0)
        tokens = self.tokens(count + depth)
        self.reset()
        if depth > 0:
            self.forward(tokens[:depth])
        gaps, start = [], time.perf_counter()
        before = start
        for token in tokens[depth:]:
            self.forward([token])
            now = time.perf_counter()
            gaps.append(now - before)
            before = now
        self.memory.note()
        return {
            "seconds": before - start,
            "gaps_s": gaps,
            "bytes_per_token": self.token_bytes + self.kv_row * (depth + count // 2 + 1),
        }

    def own_tokenizer(self):
        if self.tokenizer is None:
            self.tokenizer = self.transformers.AutoTokenizer.from_pretrained(self.request["model"])
        return self.tokenizer

    def stream(self, command, _):
        """What transformers' user waits for: generate() with a streamer, sampling as nety does."""
        if not command.get("text"):
            raise Failure("checkpoint", "the model has no tokenizer that nety can read")
        tokenizer, count = self.own_tokenizer(), command["n_gen"]
        self.reset()
        self.torch.manual_seed(1)
        pad = (
            tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        )
        start = time.perf_counter()
        inputs = tokenizer(command["text"], return_tensors="pt")
        times = TextTimes(tokenizer, start)
        with self.torch.inference_mode():
            self.model.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                streamer=times,
                do_sample=True,
                temperature=0.8,
                top_k=40,
                top_p=0.95,
                repetition_penalty=1.0,
                max_new_tokens=count,
                min_new_tokens=count,
                pad_token_id=pad,
            )
        self.memory.note()
        return {
            "ttft_s": times.first_text,
            "prompt_tokens": inputs["input_ids"].shape[1],
            "generated": len(times.times),
            "gaps_s": [b - a for a, b in zip(times.times, times.times[1:])],
        }

    # Quality

    def take_text(self, command, _):
        ids = command.get("tokens")
        self.text = ids if ids else self.own_tokenizer()(command["text"])["input_ids"]
        self.windows = cut_windows(len(self.text), self.context)
        return {"tokens": len(self.text), "windows": self.windows[1]}

    def quality(self, command, _):
        size, count, likelihood_from = self.windows
        window = command["window"]
        if not 0 <= window < count:
            raise Failure("internal", f"the text has no window {window}")
        tokens = self.text[window * size : (window + 1) * size]
        scores = {"nll": [], "kld": [], "same_top": []}
        written = open(command["write"], "wb") if command.get("write") else None
        reference = open(command["compare"], "rb") if command.get("compare") else None
        self.reset()
        for first in range(0, size - 1, self.rows):
            inputs = tokens[first : min(first + self.rows, size - 1)]
            logits = self.forward(inputs, all_rows=True).float()
            self.score(
                logits, tokens[first + 1 : first + 1 + len(inputs)], written, reference, scores
            )
        for file in (written, reference):
            if file is not None:
                file.close()
        reply = {"nll": scores["nll"][likelihood_from - 1 :]}
        if reference is not None:
            reply.update(kld=scores["kld"], same_top=scores["same_top"])
        if window == 0:
            reply["repeat_difference"] = self.repeat_difference(tokens[: min(self.rows, size - 1)])
        return reply

    def score(self, logits, following, written, reference, scores):
        torch, numpy = self.torch, self.numpy
        wide = logits.double()
        lse = torch.logsumexp(wide, -1)
        targets = torch.tensor(following)
        scores["nll"] += (lse - wide[torch.arange(len(following)), targets]).tolist()
        for row in range(len(following)):
            if written is not None:
                written.write(numpy.float64(lse[row].item()).tobytes())
                written.write(logits[row].contiguous().numpy().tobytes())
            if reference is not None:
                head = reference.read(8)
                expected = numpy.frombuffer(reference.read(4 * wide.shape[1]), dtype=numpy.float32)
                if len(head) < 8 or len(expected) != wide.shape[1]:
                    raise Failure(
                        "internal",
                        f"{reference.name}: the reference has another vocabulary, or is cut short",
                    )
                log_p = torch.from_numpy(expected.astype(numpy.float64)) - float(
                    numpy.frombuffer(head, numpy.float64)[0]
                )
                log_q = wide[row] - lse[row]
                scores["kld"].append(float((log_p.exp() * (log_p - log_q)).sum()))
                scores["same_top"].append(float(int(log_p.argmax()) == int(wide[row].argmax())))

    def repeat_difference(self, tokens):
        runs = []
        for _ in range(2):
            self.reset()
            runs.append(self.forward(tokens, all_rows=True).float())
        return float((runs[0] - runs[1]).abs().max())

    def answer_memory(self, _, __):
        return self.memory.answer()


def finite(value):
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [finite(item) for item in value]
    return value


def failure_of(error):
    """A Python exception as a kind of error, its type named as users know it."""
    if isinstance(error, Failure):
        return {"kind": error.kind, "what": str(error), "hint": error.hint}
    text = f"{type(error).__name__}: {error}".strip()
    out_of_memory = (
        isinstance(error, MemoryError)
        or "can't allocate memory" in text
        or "not enough memory" in text
    )
    place = ""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is not None:
        place = f" ({os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno} {frame.tb_frame.f_code.co_name})"
    return {
        "kind": "memory" if out_of_memory else "internal",
        "what": " ".join(text.split())[:300] + place,
        "hint": "",
    }


def serve(lines, out):
    def say(message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    def progress(label, done, total):
        say({"progress": {"label": label, "done": done, "total": total}})

    stack = Stack()
    actions = {
        "load": stack.load,
        "warm_up": stack.warm_up,
        "prefill": stack.prefill,
        "decode": stack.decode,
        "stream": stack.stream,
        "text": stack.take_text,
        "quality": stack.quality,
        "memory": stack.answer_memory,
    }
    for line in lines:
        command = json.loads(line)
        if command["do"] == "quit":
            return
        try:
            if command["do"] not in ("load", "memory") and stack.model is None:
                raise Failure("internal", "the worker has loaded no model yet")
            reply = actions[command["do"]](command, progress)
            say({"done": {key: finite(value) for key, value in reply.items()}})
        except Exception as error:  # whatever the stack throws is this row's reason
            say({"error": failure_of(error)})


def main():
    import ctypes
    import warnings

    try:
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL: end with nety
    except (OSError, AttributeError):
        pass
    warnings.filterwarnings("ignore")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not an answer
    serve(sys.stdin, out)


if __name__ == "__main__":
    main()
