"""A model that says what a test tells it to, behind the page of a real nety serve.

The page, its headers, /v1/models and /metrics are the real server's, passed on as they are; only answers to
chats come from here, piece by piece, in the form that the real server gives them."""
import collections
import json
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Think = collections.namedtuple("Think", "text")
Wait = collections.namedtuple("Wait", "event")  # until the test sets it, or the page has gone
Die = collections.namedtuple("Die", "")  # the connection breaks off
Refuse = collections.namedtuple("Refuse", "status code message")
Cut = collections.namedtuple("Cut", "")  # finish_reason "length"

PASSED_ON = ("Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        try:
            self.whole(*self.server.owner.upstream(self.path))
        except OSError:  # the test is over, on one side or the other
            self.close_connection = True

    def whole(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        owner = self.server.owner
        if owner.http is None:  # closed: also to whoever is connected still
            self.close_connection = True
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner.asked.append(body)
        steps = owner.scripts.popleft() if owner.scripts else ["Nothing was prepared."]
        if steps and isinstance(steps[0], Refuse):
            refusal = steps[0]._asdict()
            refusal.pop("status")
            error = {"error": {**refusal, "type": "server_error", "param": None}}
            return self.whole(steps[0].status, {"Content-Type": "application/json"}, json.dumps(error).encode())
        try:
            self.play(steps)
        except OSError:
            owner.left.set()
        self.close_connection = True

    def play(self, steps):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        tokens, reason = 0, "stop"
        self.chunk({"role": "assistant", "content": ""})
        for step in steps:
            if isinstance(step, Wait):
                while not step.event.wait(0.05):
                    self.wfile.write(b": still here\n\n")
            elif isinstance(step, Die):
                # Not an end but a break: RST instead of FIN.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            elif isinstance(step, Cut):
                reason = "length"
            else:
                tokens += 1
                thinks = isinstance(step, Think)
                self.chunk({"reasoning_content": step.text} if thinks else {"content": step})
        self.chunk({}, reason, tokens)
        self.wfile.write(b"data: [DONE]\n\n")

    def chunk(self, delta, reason=None, tokens=None):
        body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "scripted",
                "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}
        if tokens is not None:
            body["usage"] = {"prompt_tokens": 12, "completion_tokens": tokens, "total_tokens": 12 + tokens,
                             "prompt_tokens_details": {"cached_tokens": 5}}
            body["timings"] = {"queue_s": 0, "prefill_s": 0.05, "ttft_s": 0.061, "decode_s": 1, "pp_tps": 140.5,
                               "tg_tps": 21.37}
        self.wfile.write(b"data: " + json.dumps(body).encode() + b"\n\n")


class Scripted:
    """Runs while the `with` block does."""

    def __init__(self, upstream):
        self.source, self.scripts, self.asked = upstream, collections.deque(), []
        self.left = threading.Event()  # a client went before its answer ended
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.owner = self
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.http:
            self.http.shutdown()
            self.http.server_close()
        self.http = None

    def next(self, *steps):
        """What the next chat is answered, after those said before."""
        self.scripts.append(steps)

    def upstream(self, path):
        try:
            with urllib.request.urlopen(self.source + path, timeout=30) as answer:
                headers = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
                return answer.status, headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {"Content-Type": "application/json"}, error.read()


def until(true, what, seconds=20):
    limit = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > limit:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.03)
    return found
