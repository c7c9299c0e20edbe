"""Small real tests of a Python's transformers and bitsandbytes, for `nety diag`.

usage: python -c SCRIPT FOLDER SECONDS
Imports the stack once, then forks for every check, so that a crash or a hang is that check's result.
One JSON object per line: {"check": name, "result": "ok" | "wrong" | "failed" | "crashed" |
"timeout" | "skipped", ...what was measured}. FOLDER is for files and is removed by the caller."""

import json
import os
import select
import signal
import sys
import time
import traceback

sys.path = [folder for folder in sys.path if folder]

TINY = dict(
    hidden_size=128,
    intermediate_size=256,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=256,
    max_position_embeddings=64,
)
IDS = [[1, 17, 42, 99, 3, 64, 127, 8]]
SIGNIFICANT = 0.05  # relative error of a product: rounding to bf16 gives 0.005, lost blocks 0.8


def import_stack():
    global torch, transformers, bitsandbytes
    import bitsandbytes
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "bitsandbytes": bitsandbytes.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
    }


def release(version):
    return tuple(
        int("".join(c for c in part if c.isdigit()) or 0) for part in version.split(".")[:2]
    )


def dtype_option(dtype):
    return {"dtype" if release(transformers.__version__) >= (4, 56) else "torch_dtype": dtype}


def load(path, **options):
    return transformers.AutoModelForCausalLM.from_pretrained(path, **options)


def logits(model):
    with torch.inference_mode():
        return model(torch.tensor(IDS)).logits[0].float()


def error_of(got, expected):
    """Relative: the size of the difference over that of what was expected. Not finite is 1."""
    difference = float((got.double() - expected.double()).norm() / expected.double().norm())
    return difference if difference < float("inf") else 1.0


class Step(Exception):
    pass


def at(step, action):
    """Runs action; a failure says in which step it was."""
    try:
        return action()
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}"
        text = " ".join(f"{type(error).__name__}: {error}".split())[:240]
        raise Step({"result": "failed", "step": step, "error": text, "where": place}) from error


def bytes_needed():
    """The tiny model's weights as the 8-bit call holds them: int8 matrices, the rest in 16 bits."""
    dim, ffn, layers, vocab = (
        TINY[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size")
    )
    kv = dim // TINY["num_attention_heads"] * TINY["num_key_value_heads"]
    linear = layers * (2 * dim * dim + 2 * dim * kv + 3 * dim * ffn)
    return linear + 2 * (2 * vocab * dim + (2 * layers + 1) * dim)


# What every other check needs: a tiny random Llama on disk.


def make_model(folder):
    torch.manual_seed(1)
    config = transformers.LlamaConfig(**TINY, tie_word_embeddings=False)
    model = transformers.LlamaForCausalLM(config).eval()
    model.save_pretrained(os.path.join(folder, "tiny"))
    torch.save(logits(model), os.path.join(folder, "logits.pt"))
    return {"result": "ok"}


def expected(folder):
    return torch.load(os.path.join(folder, "logits.pt"))


def load_on_cpu(folder, **options):
    """The tiny model with everything on the CPU."""
    return at(
        "load",
        lambda: load(
            folder + "/tiny", device_map="cpu", **options, **dtype_option(torch.float32)
        ),
    )


def check_fp32(folder):
    """The story's cure: fp32, device cpu."""
    model = load_on_cpu(folder, low_cpu_mem_usage=True)
    got = at("forward", lambda: logits(model))
    error = error_of(got, expected(folder))
    return {"result": "ok" if error < 1e-4 else "wrong", "error_relative": error}


def eight_bit(folder, **options):
    config = transformers.BitsAndBytesConfig(
        load_in_8bit=True, llm_int8_enable_fp32_cpu_offload=True
    )
    return load(
        folder + "/tiny",
        quantization_config=config,
        device_map="auto",
        low_cpu_mem_usage=True,
        **dtype_option(torch.float16),
        **options,
    )


def check_int8(folder):
    """The story's call with memory enough: load, scales there, forward, save, reload."""
    model = at("load", lambda: eight_bit(folder))
    layers = [m for m in model.modules() if isinstance(m, bitsandbytes.nn.Linear8bitLt)]
    without = sum(1 for m in layers if getattr(m.weight, "SCB", None) is None)
    if not layers or without:
        return {
            "result": "wrong",
            "step": "load",
            "error": f"{without} of {len(layers)} layers have no SCB",
        }
    got = at("forward", lambda: logits(model))
    error = error_of(got, expected(folder))
    if error > 0.2:
        return {"result": "wrong", "step": "forward", "error_relative": error}
    at("save", lambda: model.save_pretrained(folder + "/int8"))
    again = at("reload", lambda: load(folder + "/int8", device_map="cpu"))
    difference = error_of(at("forward after reload", lambda: logits(again)), got)
    return {
        "result": "ok" if difference < 1e-3 else "wrong",
        "step": "reload",
        "error_relative": error,
        "layers": len(layers),
        "reload_difference": difference,
    }


def check_int8_cpu(folder):
    """8-bit with everything on the CPU: what the story did not try."""
    config = transformers.BitsAndBytesConfig(load_in_8bit=True)
    model = load_on_cpu(folder, quantization_config=config)
    error = error_of(at("forward", lambda: logits(model)), expected(folder))
    return {"result": "ok" if error < 0.2 else "wrong", "error_relative": error}


def check_int8_offload(folder):
    """The story's call with so little memory that layers are offloaded to disk."""
    needed = bytes_needed()
    given = needed * 4 // 5
    facts = {"needed_bytes": needed, "given_bytes": given, "missing_bytes": needed - given}
    try:
        model = at(
            "load",
            lambda: eight_bit(
                folder, max_memory={"cpu": given}, offload_folder=folder + "/offload"
            ),
        )
        places = set(str(p) for p in getattr(model, "hf_device_map", {}).values())
        facts["offloaded"] = float("disk" in places)
        got = at("forward", lambda: logits(model))
    except Step as step:
        return {**step.args[0], **facts}
    error = error_of(got, expected(folder))
    return {"result": "ok" if error < 0.2 else "wrong", "error_relative": error, **facts}


def check_int8_offload_retry(folder):
    """The same call again after its failure, in the same process: the story's second try."""
    first = check_int8_offload(folder)
    if first["result"] == "ok":
        return first
    again = check_int8_offload(folder)
    return {**again, "first": first["result"]}


def check_nf4_offload(folder):
    """4-bit with so little memory that layers are offloaded to disk."""
    given = bytes_needed() // 2
    config = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.float32,
        llm_int8_enable_fp32_cpu_offload=True,
    )
    model = at(
        "load",
        lambda: load(
            folder + "/tiny",
            quantization_config=config,
            device_map="auto",
            max_memory={"cpu": given},
            offload_folder=folder + "/offload4",
            **dtype_option(torch.float32),
        ),
    )
    places = set(str(p) for p in getattr(model, "hf_device_map", {}).values())
    error = error_of(at("forward", lambda: logits(model)), expected(folder))
    return {
        "result": "ok" if error < 0.6 else "wrong",
        "error_relative": error,
        "offloaded": float("disk" in places),
    }


CHECKS = {
    "fp32": check_fp32,
    "int8": check_int8,
    "int8_cpu": check_int8_cpu,
    "int8_offload": check_int8_offload,
    "int8_offload_retry": check_int8_offload_retry,
    "nf4_offload": check_nf4_offload,
    **FOUR_BIT_CHECKS,
}

UNFORKED = ("int8_offload", "int8_offload_retry", "nf4_offload")


# Running them


def say(message):
    OUT.write(json.dumps({k: v for k, v in message.items() if v == v}) + "\n")
    OUT.flush()


def answer(action, folder, write):
    """In the child: the result of action, written to the pipe."""
    try:
        result = action(folder)
    except Step as step:
        result = step.args[0]
    except BaseException as error:
        text = f"{type(error).__name__}: {error}"[:240]
        result = {"result": "failed", "step": "check", "error": text}
    os.write(write, json.dumps(result).encode())
    os._exit(0)


class Child:
    """An action in a process of its own. One with `first` is forked at once but runs only when its
    result is asked for, after doing `first` itself: CUDA, once asked for, refuses a forked child,
    and its words are what is to be seen."""

    def __init__(self, action, folder, first=None):
        self.result_pipe, write = os.pipe()
        go, self.go_pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.go_pipe)
            if not os.read(go, 1):
                os._exit(0)
            if first is not None:
                first()
            answer(action, folder, write)
        os.close(write)
        os.close(go)

    def result(self, limit):
        os.write(self.go_pipe, b"g")
        os.close(self.go_pipe)
        ready = select.select([self.result_pipe], [], [], limit)[0]
        text = os.read(self.result_pipe, 1 << 16) if ready else b""
        os.close(self.result_pipe)
        if not ready:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        if not ready:
            return {"result": "timeout", "error": f"no answer within {limit:.0f} s"}
        if text:
            return json.loads(text)
        how = f"with exit code {os.WEXITSTATUS(status)}"
        if os.WIFSIGNALED(status):
            how = "by " + signal.Signals(os.WTERMSIG(status)).name
        return {"result": "crashed", "error": f"the process ended {how}"}


def main():
    import ctypes
    import warnings

    try:
        ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGKILL: end with nety
    except (OSError, AttributeError):
        pass
    warnings.filterwarnings("ignore")
    folder, seconds = sys.argv[1], float(sys.argv[2])
    start = time.monotonic()
    late = {name: Child(CHECKS[name], folder, import_stack) for name in UNFORKED}
    try:
        say(
            {
                "check": "import",
                "result": "ok",
                **import_stack(),
                "seconds": time.monotonic() - start,
            }
        )
    except BaseException as error:
        say(
            {
                "check": "import",
                "result": "failed",
                "error": " ".join(f"{type(error).__name__}: {error}".split())[:240],
            }
        )
        return
    made = Child(make_model, folder).result(seconds)
    if made["result"] != "ok":
        say({"check": "model", **made})
        return
    for name, action in CHECKS.items():
        child = late.get(name) or Child(action, folder)
        say({"check": name, **child.result(seconds)})


OUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
main()
