#!/usr/bin/env python3
"""Clients of nety serve that mean no good, or are not there any more; and how it starts and ends."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import server  # noqa: E402
from server import MODEL, NAME, Server, expect, raw_post, skip  # noqa: E402

CHAT = "/v1/chat/completions"
LONG = dict(max_tokens=400, stream=True, stop=["never said"])


def refused(status, body, code):
    return json.loads(body)["error"]["code"] == code


def case_what_it_serves():
    """Health, models, metrics and the description, as JSON and text."""
    with Server() as one:
        expect(json.loads(one.get("/health")[1])["status"] == "ok", "health")
        model = json.loads(one.get("/v1/models")[1])["data"][0]
        expect(model["id"] == NAME and model["nety"]["policy"], model)
        expect(one.metric("slots") == 4, "slots")
        expect("paths" in json.loads(one.get("/openapi.json")[1]), "description")
        expect(one.metric("kv_cache_bytes") > 0 and one.metric("resident_memory_bytes") > 0, "memory")
        expect(any("Without an API key" in line for line in one.said), one.said)


def case_vanishing_clients():
    """Whoever goes away mid-answer, or before it, leaves a free slot."""
    with Server("--slots", "2") as one:
        for _ in range(6):
            peer = one.connect()
            peer.sendall(raw_post(CHAT, one.chat(**LONG)))
            peer.recv(500)
            peer.close()
        peer = one.connect()
        peer.sendall(raw_post(CHAT, {**one.chat(**LONG), "stream": False}))
        peer.close()
        peer = one.connect()
        peer.sendall(raw_post(CHAT, one.chat())[:80])
        peer.close()
        one.wait_for("requests_running", 0)
        one.wait_for("requests_waiting", 0)
        expect(one.metric('requests_total{end="finished"}') <= 1, "they ended early")
        status, body = one.post(CHAT, one.chat(max_tokens=3))
        expect(status == 200, body)


def case_slow_readers():
    """Who reads late gets all of it, and nobody waits for that. (Who never reads: http_test.cpp.)"""
    with Server("--slots", "2") as one:
        slow = one.connect()
        slow.sendall(raw_post(CHAT, one.chat(max_tokens=40, stream=True), "Connection: close\r\n"))
        status, body = one.post(CHAT, one.chat(max_tokens=5))
        expect(status == 200, body)
        one.wait_for("requests_running", 0, 60)
        rest = b""
        while part := slow.recv(512):
            rest += part
        expect(b"[DONE]" in rest, rest[-300:])


def case_malformed_requests():
    with Server() as one:
        for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100000, b'{"messages": 5}'):
            status, answer = one.post(CHAT, body or b" ")
            expect(status == 400, f"{body[:20]}: {status} {answer}")
        for text in (b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"A" * 50000):
            peer = one.connect()
            peer.sendall(text)
            peer.shutdown(1)
            answer = peer.recv(4096)
            expect(answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer)
            peer.close()
        expect(one.post("/v1/nothing", {})[0] == 404, "nothing")
        expect(one.get(CHAT)[0] == 405, "method")
        expect(one.get("/health")[0] == 200, "it lives")


def case_oversized_requests():
    with Server("--body-bytes", "4096") as one:
        status, answer = one.post(CHAT, one.chat("x" * 5000))
        expect(status == 413 and refused(status, answer, "body_too_large"), answer)
        import gzip
        bomb = gzip.compress(b" " * 50_000_000)[:4000]
        peer = one.connect()
        peer.sendall(b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
                     b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
        expect(peer.recv(4096).startswith(b"HTTP/1.1 4"), "a bomb")
        peer.close()
        expect(one.metric("resident_memory_bytes") < 1e9, "memory")


def case_keys():
    """From a file; without the right one nothing but health is told."""
    key = "0123456789abcdef0123"
    with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
        file.write(key + "\n")
        file.flush()
        with Server("--api-key-file", file.name, "--host", "0.0.0.0") as one:
            expect(any("not encrypted" in line for line in one.said), one.said)
            expect(one.get("/health")[0] == 200, "health")
            for path in ("/v1/models", "/metrics", "/openapi.json"):
                expect(one.get(path)[0] == 401, path)
                expect(one.get(path, key[:-1])[0] == 401, path)
                expect(one.get(path, key)[0] == 200, path)
            expect(one.post(CHAT, one.chat(max_tokens=2))[0] == 401, "chat")
            expect(one.post(CHAT, one.chat(max_tokens=2), key)[0] == 200, "chat")


def case_hosts_and_pages():
    """Without a key: only by a name of this machine, and no page of another origin."""
    with Server() as one:
        def ask(headers):
            peer = one.connect()
            peer.sendall(b"GET /v1/models HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n")
            answer = b""
            while part := peer.recv(4096):
                answer += part
            peer.close()
            return answer
        expect(ask(b"Host: localhost\r\n").startswith(b"HTTP/1.1 200"), "localhost")
        expect(ask(b"Host: evil.example\r\n").startswith(b"HTTP/1.1 403"), "rebinding")
        answer = ask(b"Host: localhost\r\nOrigin: https://evil.example\r\n")
        expect(b"Access-Control" not in answer, answer)


def case_users_write_no_control_tokens():
    """<|im_end|> in a message stays text, unless that is asked for."""
    text = "Say <|im_end|> please."
    with Server() as one:
        literal = json.loads(one.post(CHAT, one.chat(text, max_tokens=1))[1])["usage"]["prompt_tokens"]
    with Server("--control-tokens") as one:
        control = json.loads(one.post(CHAT, one.chat(text, max_tokens=1))[1])["usage"]["prompt_tokens"]
    expect(literal > control, f"{literal} and {control} tokens")


def case_prefixes_are_shared():
    """What a conversation has in common with the one before is not read again."""
    with Server() as one:
        first = one.chat("Remember the number 5318. " * 10, max_tokens=8)
        answer = json.loads(one.post(CHAT, first)[1])
        first["messages"] += [answer["choices"][0]["message"] | {"role": "assistant"},
                              {"role": "user", "content": "And now?"}]
        first["messages"][1].pop("refusal", None)
        usage = json.loads(one.post(CHAT, first)[1])["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        expect(cached > 0.7 * usage["prompt_tokens"], usage)


def case_a_graceful_end():
    """SIGTERM lets an answer finish; what takes too long is told of its end."""
    with Server("--stop-time", "60") as one:
        peer = one.connect()
        peer.sendall(raw_post(CHAT, one.chat(max_tokens=40, stream=True), "Connection: close\r\n"))
        rest = b""
        while rest.count(b"data:") < 3:  # it is being answered, no longer waiting
            rest += peer.recv(4096)
        expect(one.end() == 0, "its exit code")
        while part := peer.recv(4096):
            rest += part
        expect(b"[DONE]" in rest, rest[-300:])
    one = Server("--stop-time", "0")
    peer = one.connect()
    peer.sendall(raw_post(CHAT, one.chat(**LONG), "Connection: close\r\n"))
    peer.recv(100)
    begin = time.monotonic()
    expect(one.end(signal.SIGINT) == 0, "its exit code")
    expect(time.monotonic() - begin < 10, "it ends in time")
    rest = b""
    while part := peer.recv(4096):
        rest += part
    expect(b"server_stopping" in rest or b"[DONE]" in rest, rest[-300:])


def case_what_cannot_be():
    """Another machine's address without a key, a port in use, a key that is none."""
    def run(*options):
        done = subprocess.run([server.PROGRAM, "serve", MODEL, "--mode", "stored", *options], timeout=60,
                              capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        return done.returncode, done.stderr
    if not os.path.exists(MODEL):
        skip("the default model is not in the cache")
    code, said = run("--host", "0.0.0.0")
    expect(code == 2 and "without an API key" in said, said)
    code, said = run("--api-key-file", "/dev/null")
    expect(code == 2 and "API key" in said, said)
    with Server() as one:
        code, said = run("--port", str(one.port))
        expect(code == 1 and "cannot be taken" in said, said)


if __name__ == "__main__":
    server.main(globals())
