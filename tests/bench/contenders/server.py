#!/usr/bin/env python3
"""An OpenAI-compatible server that stands for any: server.py PORT KIND [PID_FILE].

Its answers are those of the tests' fake engine (tests/bench/fake_engine.cpp) in mode fp32: a token
is a byte modulo 50, and the likeliest next one follows from the last. KIND is how it fails."""

import json
import math
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VOCAB, PAUSE = 50, 0.002
port, kind = int(sys.argv[1]), sys.argv[2]


def following(text):
    """The fake engine's greedy choice after `text`, as a character that is this token."""
    last = text.encode()[-1] % VOCAB
    return chr(50 + max(range(VOCAB), key=lambda v: math.sin(0.7 * last + 1.3 * v)))


def answer_to(prompt, count):
    text = prompt
    for i in range(count):
        right = following(text)
        wrong = chr(50 + (ord(right) - 50 + 7) % VOCAB)
        if kind == "other_model":
            right = wrong
        if kind == "differs" and i % 4 == 3:
            right = wrong
        text += right
        yield right


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a token is sent when it is there
    answered = 0  # on this connection

    def log_message(self, *arguments):
        pass

    def say(self, status, body, content_type="application/json"):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if kind == "garbage_models":
            return self.say(200, "<html>It works!</html>", "text/html")
        if kind == "wants_key" and self.headers.get("Authorization") != "Bearer sesame":
            return self.say(401, '{"error": {"message": "no key"}}')
        if kind == "loading" and time.time() < started + 1:
            return self.say(503, '{"error": {"message": "Loading model"}}')
        model = {"id": "stand-in", "object": "model"}
        if kind == "other_size":
            model["meta"] = {"n_params": 7e9}
        self.say(200, json.dumps({"object": "list", "data": [model]}))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answered += 1
        if kind == "closes_kept" and self.answered > 2:  # as llama.cpp's does, without a word
            self.close_connection = True
            return
        if kind == "strict" and "ignore_eos" in body:
            return self.say(400, '{"error": {"message": "Unknown option: ignore_eos"}}')
        if kind == "fails":
            return self.say(500, '{"error": {"message": "out of slots"}}')
        if kind == "not_found":
            return self.say(404, '{"detail": "Not Found"}')
        if kind == "garbage":
            return self.say(200, "Hello, I am a router.\n", "text/html")
        later = body["max_tokens"] == 9  # the tests' decode of 8 tokens, and the one before them
        if kind == "stalls" or (kind == "stalls_later" and later):
            time.sleep(1000)
        if kind == "dies" or (kind == "dies_later" and later):
            print("CUDA error: out of memory", file=sys.stderr, flush=True)
            os._exit(3)
        self.stream(body)

    def stream(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        count = body["max_tokens"]
        for i, text in enumerate(answer_to(body["prompt"], count)):
            time.sleep(PAUSE)
            if kind == "no_text":
                text = ""
            if kind == "broken_json" and i == 1:
                self.event("{'text': 'x'}")
            self.event(json.dumps({"choices": [{"index": 0, "text": text}]}))
        if body.get("stream_options", {}).get("include_usage") and kind == "other_tokenizer":
            usage = {"prompt_tokens": 7, "completion_tokens": count}
            self.event(json.dumps({"choices": [], "usage": usage}))
        self.event("[DONE]")
        self.chunk(b"")

    def event(self, text):
        self.chunk(f"data: {text}\n\n".encode())

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


if len(sys.argv) > 3:
    with open(sys.argv[3], "w") as file:
        file.write(str(os.getpid()))
started = time.time()
if kind == "never_starts":
    print("error: failed to load model 'x.gguf'", file=sys.stderr, flush=True)
    sys.exit(1)
if kind == "never_listens":
    time.sleep(1000)
ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
