"""Where a document's commands run: a machine of its own (machine.sh) with the files that the document
takes for granted."""

import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cases"))

from inputs import gguf, gguf_keys, gguf_tensors, sizes, thinker  # noqa: E402

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
HISTORY = (
    '{"commit": "c", "created_utc": "t", "machine": "m", "metric": "tg_tps", "mode": "fp32",'
    ' "n_prompt": 0, "n_gen": 128, "unit": "tok/s", "candidate": 80.0, "verdict": "same"}\n'
)


def default_model():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ["HOME"], ".cache")
    return os.path.join(cache, "nety", "models", MODEL)
CONFIG = (
    '{"model_type": "llama", "hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8,'
    ' "intermediate_size": 1024, "vocab_size": 1000}\n'
)
DIAG = (
    '{"schema": "nety.results/1", "machines": [{"id": "m", "cpu": "c", "memory_total_bytes": 16000000000}],'
    ' "findings": [{"id": "memory.bandwidth", "status": "ok", "data": 4e10}]}\n'
)


class Sandbox:
    def __init__(self, root, build):
        self.root, self.clone = root, os.path.join(root, "clone")
        self.places = {  # what programs/ look up
            "DOCUMENTS_PROJECT": PROJECT,
            "DOCUMENTS_BUILD": build,
            "DOCUMENTS_SANDBOX": root,
            "DOCUMENTS_REAL": os.path.dirname(shutil.which("cmake")),
            "DOCUMENTS_PYTHON": sys.executable,
        }
        self.home = os.path.join(root, "home")
        self.model = os.path.join(self.home, ".cache", "nety", "models", MODEL)
        made = subprocess.run(
            ["bash", os.path.join(HERE, "machine.sh"), root, build],
            capture_output=True,
            text=True,
            env=os.environ | {"TMPDIR": root},
        )
        if made.returncode != 0:
            sys.exit(f"machine.sh: {made.stdout}{made.stderr}")
        self.small = os.path.join(root, "small.gguf")
        sizes_ = sizes(dim=32, head=8, ffn=48, layers=2, context=1024)
        gguf(self.small, gguf_keys(sizes_), gguf_tensors(thinker(sizes_), sizes_))
        os.makedirs(os.path.dirname(self.model))
        self.take_for_granted(build)

    def place(self, *parts):
        path = os.path.join(self.clone, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def take_for_granted(self, build):
        """What the documents speak of: two programs, two files of results, a history, a
        model's config, a machine, a folder of wheels, a Python."""
        for name in ("old", "new"):
            os.symlink(os.path.join(build, "nety"), self.place(name, "nety"))
        self.run("built build/release")
        for parts, text in (
            (["history.jsonl"], HISTORY),
            (["my", "config.json"], CONFIG),
            (["diag.json"], DIAG),
        ):
            with open(self.place(*parts), "w") as file:
                file.write(text)
        os.symlink(os.path.join(self.root, "served"), self.place("FOLDER"))
        os.symlink(sys.executable, self.place("py", "bin", "python"))

    def use_model(self, small):
        if os.path.lexists(self.model):
            os.remove(self.model)
        os.symlink(self.small if small else default_model(), self.model)

    def make_results(self):
        """monday.json and today.json, once."""
        if not os.path.exists(self.place("monday.json")):
            self.use_model(small=True)
            self.run("nety bench --quick -r 1 --modes fp32 --backends native -o monday.json")
            self.run("cp monday.json today.json")

    def run(self, line, seconds=300):
        """(exit code, what was printed, both streams in one)."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("NETY_", "LC_", "LANG", "XDG_", "VIRTUAL_ENV", "CONDA", "GIT_"))
        }
        bin_ = os.path.join(self.root, "bin")
        process = subprocess.Popen(
            ["bash", "-c", line],
            cwd=self.clone,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=kept
            | self.places
            | {
                "PATH": f"{bin_}:{os.environ['PATH']}",
                "HOME": self.home,
                "sandbox": self.root,
                "LANG": "C.UTF-8",
                "NETY_SETUP": "auto",
                "NETY_EVIDENCE": "off",
                "COLUMNS": "120",
            },
        )
        try:
            out, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            return 124, out.decode("utf-8", "replace")
        return process.returncode, out.decode("utf-8", "replace")
