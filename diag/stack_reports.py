"""4-bit tests, and which faults of bitsandbytes on CPUs this installation has.

The first part of `nety diag`'s script: stack_probe.py follows it in one text, runs CHECKS and has
what is used here of it. A test of a reported fault also says "verdict", and "why" where that takes
a reason:
  present     it went wrong here
  dormant     it is in this version, but this CPU does not take that path: it was provoked
  absent      the same was tried and is right
  undecided   neither can be told on this CPU"""

import types

WIDE = 1032  # no multiple of 16: the AVX-512 loop leaves such rows to the one for other CPUs
# Times what torch needs to convert a byte: 1.1 to 1.5 with AVX-512, 3 to 8 by plain loops of
# bitsandbytes 0.50, 100 by those of 0.49.
HAS_VECTORS = 3


def four_bit_weight(rows, columns):
    """Rows of very different sizes, so that a scale taken from another row shows."""
    torch.manual_seed(rows * 1000 + columns)
    sizes = torch.linspace(0.1, 10, rows).repeat_interleave(columns).reshape(rows, columns)
    return torch.randn(rows, columns) * sizes


def unpacked(packed, state):
    """What the codes and scales mean, in plain torch: high nibble first, blocks over the whole."""
    codes = packed.reshape(-1).to(torch.int64)
    values = state.code.float()[torch.stack([codes >> 4, codes & 15], 1).reshape(-1)]
    scales = state.absmax.float().repeat_interleave(state.blocksize)[: values.numel()]
    return (values[: state.shape.numel()] * scales).reshape(state.shape)


def four_bit_layer(kind, rows, columns):
    """A quantised layer without double quantization, and the weights that its codes mean."""
    weight = four_bit_weight(rows, columns)
    layer = bitsandbytes.nn.Linear4bit(
        columns, rows, bias=False, compute_dtype=torch.float32, quant_type=kind
    )
    layer.weight = bitsandbytes.nn.Params4bit(
        weight.clone(), requires_grad=False, quant_type=kind, compress_statistics=False
    )
    layer = at("quantise", lambda: layer.to("cpu").eval())
    return layer, unpacked(layer.weight.data, layer.weight.quant_state)


# What this CPU and this version take.


def packs_here():
    """Whether a forward packs the weights for AVX512_BF16."""
    from bitsandbytes import functional

    return packing() is not None and bool(functional.has_avx512bf16())


def packing():
    """The function that packs them; versions before 0.49 have none."""
    from bitsandbytes import functional

    return getattr(functional, "_convert_weight_packed_for_cpu", None)


def pack(layer):
    """What the first forward does on a CPU with AVX512_BF16, whatever this one is."""
    weight = layer.weight
    weight.data, weight.quant_state = packing()(weight.data, weight.quant_state)


def native(name):
    """A function of the library that bitsandbytes has loaded; None if it has no such function, for
    which some versions have one in Python that fails."""
    from bitsandbytes import functional

    try:
        found = getattr(functional.lib, name)
    except (AttributeError, RuntimeError, OSError):
        return None
    return None if isinstance(found, types.FunctionType) else found


def has_avx512():
    asked = native("has_avx512f_cpu")
    return bool(asked()) if asked else "AVX512" in torch.backends.cpu.get_cpu_capability()


def has_native_four_bit():
    return native("cdequantize_blockwise_cpu_nf4_fp32") is not None


# Verdicts where a test went well: by doing what a CPU of the other kind would do.


def absent(*_):
    return {"verdict": "absent"}


def needs_avx512(*_):
    """The fault is in a loop that only a CPU with AVX-512 runs."""
    return absent() if has_avx512() else {"verdict": "undecided", "why": "needs_avx512"}


def needs_no_avx512(*_):
    """The fault is in instructions that only a CPU without AVX-512 refuses."""
    return {"verdict": "undecided", "why": "needs_no_avx512"} if has_avx512() else absent()


def packed_by_hand(action):
    """`action` fails or returns True where packing does harm."""

    def provoke():
        if packing() is None:
            return {"verdict": "absent", "why": "never_packs"}
        if packs_here():
            return absent()
        try:
            harm = action()
        except Exception:
            harm = True
        return {"verdict": "dormant", "why": "packed_by_hand"} if harm else absent()

    return provoke


def with_verdict(check, provoke):
    """The test; where it went well, what else there is to try."""

    def judged(folder):
        result = check(folder)
        if result["result"] != "ok":
            return {"verdict": "present", **result}
        return {**provoke(), **result}

    return judged


# The tests


def check_dequantise(kind, rows, columns):
    def check(_):
        from bitsandbytes import functional

        weight = four_bit_weight(rows, columns)
        packed, state = at("quantise", lambda: functional.quantize_4bit(weight, quant_type=kind))
        right = unpacked(packed, state)
        error = error_of(at("dequantise", lambda: functional.dequantize_4bit(packed, state)), right)
        return {
            "result": "ok" if error < 1e-5 else "wrong",
            "error_relative": error,
            "rows": rows,
            "columns": columns,
        }

    return check


def check_blockwise(_):
    """The 8-bit codes of double quantization and of optimizers."""
    from bitsandbytes import functional

    weight = four_bit_weight(16, 256)
    packed, state = at("quantise", lambda: functional.quantize_blockwise(weight, blocksize=256))
    got = at("dequantise", lambda: functional.dequantize_blockwise(packed, state))
    values = state.code.float()[packed.reshape(-1).to(torch.int64)]
    right = (values * state.absmax.float().repeat_interleave(256)).reshape(weight.shape)
    error = error_of(got, right)
    return {"result": "ok" if error < 1e-5 else "wrong", "error_relative": error}


def check_forward(kind, rows, columns):
    def check(_):
        layer, right = four_bit_layer(kind, rows, columns)
        x = torch.randn(3, columns)
        with torch.inference_mode():
            got = at("forward", lambda: layer(x))
        error = error_of(got, x @ right.t())
        return {
            "result": "ok" if error < SIGNIFICANT else "wrong",
            "error_relative": error,
            "rows": rows,
            "columns": columns,
        }

    return check


def cannot_be_packed(rows, columns):
    def action():
        pack(four_bit_layer("nf4", rows, columns)[0])

    return action


def check_save(folder):
    """A 4-bit model saved after it was used once."""
    config = transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32
    )
    model = load_on_cpu(folder, quantization_config=config)
    before = at("forward", lambda: logits(model))
    at("save", lambda: model.save_pretrained(folder + "/nf4"))
    with open(folder + "/nf4/model.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    scales = {name: entry for name, entry in header.items() if name.endswith(".absmax")}
    damaged = sum(
        1 for entry in scales.values() if entry["dtype"] != "F32" or len(entry["shape"]) != 1
    )
    facts = {"layers": len(scales), "damaged": damaged}
    again = at("reload", lambda: load(folder + "/nf4", device_map="cpu"))
    facts["reload_difference"] = error_of(at("forward after reload", lambda: logits(again)), before)
    good = damaged == 0 and facts["reload_difference"] < SIGNIFICANT
    return {"result": "ok" if good else "wrong", "step": "save", **facts}


def saves_damaged_scales():
    layer, _ = four_bit_layer("nf4", 64, 128)
    pack(layer)
    scales = layer.state_dict()["weight.absmax"]
    return scales.dtype != torch.float32 or len(scales.shape) != 1


def move_to_gpu(layer):
    """layer.to("cuda") with tensors that stay where they are: all that bitsandbytes does, and no
    GPU is needed."""
    real = torch.Tensor.to

    def stay(tensor, *args, **options):
        words = [*args, *options.values()]
        kept = [word for word in words if isinstance(word, torch.dtype)]
        return real(tensor, *kept) if kept else tensor.clone()

    torch.Tensor.to = stay
    try:
        return layer.to("cuda")
    finally:
        torch.Tensor.to = real


def check_move(_):
    """A 4-bit layer moved to another device after a forward on the CPU."""
    if packing() is None:
        return {"result": "ok", "verdict": "absent", "why": "never_packs"}
    layer, right = four_bit_layer("nf4", 64, 128)
    state = layer.weight.quant_state
    before = types.SimpleNamespace(
        code=state.code, absmax=state.absmax, blocksize=state.blocksize, shape=state.shape
    )
    here = packs_here()
    if here:
        with torch.no_grad():
            at("forward", lambda: layer(torch.randn(3, 128)))
    else:
        at("pack", lambda: pack(layer))
    layer = at("move", lambda: move_to_gpu(layer))
    # Its codes with the scales as they were: what becomes of the scales is another fault.
    error = error_of(unpacked(layer.weight.data, before), right)
    wrong = error > SIGNIFICANT
    facts = {"error_relative": error, "rows": 64, "columns": 128}
    if here:
        return {"result": "wrong" if wrong else "ok", **facts}
    if not wrong:
        return {"result": "ok", **facts}
    return {"result": "ok", "verdict": "dormant", "why": "packed_by_hand"}


def one_thread():
    """For what is timed: a neighbour on another core would hold up all of them."""
    import ctypes

    torch.set_num_threads(1)
    try:
        ctypes.CDLL("libgomp.so.1").omp_set_num_threads(1)  # the library's own copy
    except (OSError, AttributeError):
        pass


def best_time(action):
    """The shortest of a tenth of a second: a neighbour makes a run slower, none faster."""
    least, start = float("inf"), time.perf_counter()
    while least == float("inf") or time.perf_counter() - start < 0.1:
        begin = time.perf_counter()
        action()
        least = min(least, time.perf_counter() - begin)
    return least


def cost_per_number(dtype):
    """Seconds that a number of 4 bits takes, and one that torch converts from a byte, without what
    a call costs; and the error."""
    from bitsandbytes import functional

    rows = 1
    while True:
        packed, state = functional.quantize_4bit(
            four_bit_weight(rows, WIDE).to(dtype), quant_type="nf4"
        )
        if rows >= 1024 or best_time(lambda: functional.dequantize_4bit(packed, state)) > 5e-5:
            break
        rows *= 4
    big, big_state = functional.quantize_4bit(
        four_bit_weight(4 * rows, WIDE).to(dtype), quant_type="nf4"
    )
    error = error_of(functional.dequantize_4bit(big, big_state).float(), unpacked(big, big_state))

    def cost(small, large, more):
        return max(best_time(large) - best_time(small), 1e-9) / more

    four_bit = cost(
        lambda: functional.dequantize_4bit(packed, state),
        lambda: functional.dequantize_4bit(big, big_state),
        3 * rows * WIDE,
    )
    few = packed.reshape(-1).repeat_interleave(max(1, 65536 // packed.numel()))
    many = few.repeat_interleave(4)
    byte = cost(lambda: few.to(dtype), lambda: many.to(dtype), 3 * few.numel())
    return four_bit, byte, error


def check_without_avx512(_):
    """The 4-bit code of CPUs without AVX-512: whether it is right, and whether it has vectors."""
    one_thread()
    worst = {"times": 0.0}
    for dtype in (torch.float32, torch.bfloat16):
        four_bit, byte, error = at("dequantise", lambda: cost_per_number(dtype))
        if error > SIGNIFICANT:
            return {"result": "wrong", "error_relative": error, "rows": 4, "columns": WIDE}
        if four_bit / byte > worst["times"]:
            worst = {"times": four_bit / byte, "ns_per_number": four_bit * 1e9}
    if worst["times"] < HAS_VECTORS:
        return {"result": "ok", "verdict": "absent", **worst}
    if has_avx512() and has_native_four_bit():
        return {"result": "ok", "verdict": "dormant", "why": "other_width", **worst}
    return {"result": "slow", "verdict": "present", **worst}


FOUR_BIT_CHECKS = {
    "nf4_dequantise": check_dequantise("nf4", 64, 128),
    "fp4_dequantise": check_dequantise("fp4", 64, 128),
    "nf4_dequantise_uneven": with_verdict(check_dequantise("nf4", 64, 96), needs_avx512),
    "blockwise_dequantise": with_verdict(check_blockwise, needs_no_avx512),
    "nf4_forward": check_forward("nf4", 64, 128),
    "nf4_forward_uneven": with_verdict(
        check_forward("nf4", 64, 96), packed_by_hand(cannot_be_packed(64, 96))
    ),
    "nf4_forward_narrow": with_verdict(
        check_forward("nf4", 48, 128), packed_by_hand(cannot_be_packed(48, 128))
    ),
    "nf4_without_avx512": check_without_avx512,
    "nf4_save": with_verdict(check_save, packed_by_hand(saves_damaged_scales)),
    "nf4_move": with_verdict(check_move, absent),
}
