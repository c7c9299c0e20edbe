#!/usr/bin/env python3
"""Load on a server that is there: load.py URL [--clients 8] [--requests 500] [--prompt 64] [--tokens 64] [--vanish 0.1] [--key KEY]

Each client asks one request after another and reads its stream; some vanish in the middle. Prints what came of the
requests, and the distribution of the time to the first token, of the time between tokens, and the tokens per second in
all: of any server with OpenAI's interface, so that several can be measured in turn. Exit code 1 where a request was
stuck, or ended in a way that none should."""
import argparse
import http.client
import json
import random
import statistics
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

WORDS = "time river stone light house green music winter letter garden window paper silver morning".split()


class Load:
    def __init__(self, options):
        self.options, self.url = options, urlsplit(options.url)
        self.lock, self.left = threading.Lock(), options.requests
        self.ends, self.ttft, self.gaps, self.tokens = Counter(), [], [], 0

    def next(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def client(self, number):
        chance = random.Random(number)
        while self.next():
            try:
                end = self.request(chance)
            except TimeoutError:
                end = "stuck"
            except (OSError, http.client.HTTPException) as error:
                end = type(error).__name__
            with self.lock:
                self.ends[end] += 1

    def request(self, chance):
        body = {"messages": [{"role": "user", "content": " ".join(chance.choices(WORDS, k=self.options.prompt))}],
                "max_tokens": self.options.tokens, "stream": True, "temperature": 0.7, "seed": chance.randrange(1 << 30)}
        headers = {"Content-Type": "application/json"}
        if self.options.key:
            headers["Authorization"] = "Bearer " + self.options.key
        link = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=120)
        begin = time.monotonic()
        link.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = link.getresponse()
        if answer.status != 200:
            time.sleep(0.05)
            return f"status {answer.status}"
        vanish = chance.random() < self.options.vanish
        times = []
        for line in answer:
            if not line.startswith(b"data: {"):
                if line.startswith(b"data: [DONE]"):
                    self.note(begin, times)
                    link.close()
                    return "finished"
                continue
            event = json.loads(line[6:])
            if "error" in event:
                return event["error"].get("code") or "error"
            if event.get("choices") and (event["choices"][0]["delta"].get("content")):
                times.append(time.monotonic())
            if vanish and len(times) >= 3:
                link.close()
                return "vanished"
        return "cut off"

    def note(self, begin, times):
        with self.lock:
            self.tokens += len(times)
            if times:
                self.ttft.append(times[0] - begin)
            self.gaps += [b - a for a, b in zip(times, times[1:])]

    def run(self):
        begin = time.monotonic()
        clients = [threading.Thread(target=self.client, args=(i,)) for i in range(self.options.clients)]
        for one in clients:
            one.start()
        for one in clients:
            one.join()
        return time.monotonic() - begin


def row(name, values):
    if len(values) < 2:
        return f"| {name} | - | - | - | - |"
    cuts = statistics.quantiles(values, n=100)
    return f"| {name} | {statistics.fmean(values) * 1e3:.1f} | {cuts[49] * 1e3:.1f} | {cuts[89] * 1e3:.1f} | {cuts[98] * 1e3:.1f} |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--prompt", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--vanish", type=float, default=0.1)
    parser.add_argument("--key", default="")
    load = Load(parser.parse_args())
    seconds = load.run()
    print(f"{load.options.clients} clients, {dict(load.ends)}, {load.tokens / seconds:.1f} tok/s, {seconds:.1f} s\n")
    print("| ms | mean | median | p90 | p99 |\n|---|---|---|---|---|")
    print(row("to the first token", load.ttft))
    print(row("between tokens", load.gaps))
    usual = {"finished", "vanished", "status 429", "status 503", "queue_timeout"}
    return 1 if set(load.ends) - usual else 0


if __name__ == "__main__":
    raise SystemExit(main())
