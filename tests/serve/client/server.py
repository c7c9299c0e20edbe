"""A nety serve of one's own, on a port that is free, with the default model; and how a case is run."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

SKIP = 77
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "nety")
MODEL = os.path.join(CACHE, "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
NAME = "SmolLM2-135M-Instruct.Q4_1"


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIP)


def expect(right, what):
    if not right:
        raise AssertionError(what)


class Server:
    """Runs while the `with` block does; ended by SIGTERM."""

    def __init__(self, *options, env=None):
        if not os.path.exists(MODEL):
            skip("the default model is not in the cache")
        command = [PROGRAM, "serve", MODEL, "--port", "0", "--mode", "stored", "--ctx", "512", *options]
        environment = {**os.environ, "NETY_EVIDENCE": "off", "LC_ALL": "C", **(env or {})}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.said = []
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))
            found = re.search(r"(http://\S+?):? \d|at (http://[^ ]+): ", line)
            if line.startswith("Serving ") and found:
                self.url = re.search(r"http://[0-9.\[\]:a-z]+:\d+", line).group(0)
                break
        else:
            raise AssertionError("no server: " + "\n".join(self.said))
        self.host, port = self.url.removeprefix("http://").rsplit(":", 1)
        self.port = int(port)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code = self.end()
        expect(code == 0, f"the server ended with {code}: {self.said[-3:]}")

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=90)

    def get(self, path, key=None):
        """Status and body."""
        return self._ask(urllib.request.Request(self.url + path), key)

    def post(self, path, body, key=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        return self._ask(urllib.request.Request(self.url + path, data, headers), key)

    def _ask(self, request, key):
        if key:
            request.add_header("Authorization", "Bearer " + key)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, row):
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith("nety_" + row + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no metric {row}")

    def wait_for(self, row, value, seconds=20):
        until = time.monotonic() + seconds
        while self.metric(row) != value:
            expect(time.monotonic() < until, f"{row} is {self.metric(row)}, not {value}")
            time.sleep(0.05)

    def connect(self):
        """A socket of which little fits into the buffers."""
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(30)
        peer.connect(("127.0.0.1", self.port))
        return peer

    def chat(self, text="Tell me a story.", **more):
        return {"messages": [{"role": "user", "content": text}], "temperature": 0, **more}


def raw_post(path, body, headers=""):
    data = json.dumps(body).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n{headers}\r\n").encode() + data


def main(cases):
    """usage: X_cases.py CASE NETY"""
    global PROGRAM
    PROGRAM = sys.argv[2]
    cases["case_" + sys.argv[1]]()
    print("well")


PROGRAM = ""
