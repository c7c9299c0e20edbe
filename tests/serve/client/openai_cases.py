#!/usr/bin/env python3
"""The official client of OpenAI's interface uses nety serve."""
import glob
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import server  # noqa: E402
from server import NAME, Server, expect, skip  # noqa: E402

sys.path[:0] = glob.glob(os.path.join(server.CACHE, "openai-*"))
try:
    import openai
except ImportError as reason:
    skip(f"the openai package is not to be had: {reason}")

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


def client_of(one, key="none"):
    return openai.OpenAI(base_url=one.url + "/v1", api_key=key, max_retries=0, timeout=60)


def case_chat():
    """One answer, with its usage; the same as nety generate's."""
    with Server() as one:
        answer = client_of(one).chat.completions.create(
            model=NAME, messages=QUESTION, temperature=0, max_tokens=30)
        expect("Paris" in answer.choices[0].message.content, answer)
        expect(answer.choices[0].message.role == "assistant", answer)
        expect(answer.choices[0].finish_reason == "stop", answer)
        expect(answer.model == NAME and answer.object == "chat.completion", answer)
        expect(answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens, answer)
        expect(answer.timings["ttft_s"] > 0, answer)
        cut = client_of(one).chat.completions.create(
            model=NAME, messages=QUESTION, temperature=0, max_tokens=3)
        expect(cut.choices[0].finish_reason == "length", cut)
        expect(cut.usage.completion_tokens == 3, cut)
        stopped = client_of(one).chat.completions.create(
            model=NAME, messages=QUESTION, temperature=0, stop=["Paris"], max_tokens=30)
        expect(stopped.choices[0].finish_reason == "stop", stopped)
        expect("Paris" not in stopped.choices[0].message.content, stopped)


def case_stream():
    """The pieces are the whole answer; usage and timings come last."""
    with Server() as one:
        client = client_of(one)
        asked = dict(model=NAME, messages=QUESTION, temperature=0, max_tokens=30)
        whole = client.chat.completions.create(**asked)
        chunks = list(client.chat.completions.create(
            **asked, stream=True, stream_options={"include_usage": True}))
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        expect(text == whole.choices[0].message.content, text)
        expect(chunks[0].choices[0].delta.role == "assistant", chunks[0])
        expect(chunks[-2].choices[0].finish_reason == "stop", chunks[-2])
        expect(chunks[-1].usage == whole.usage or chunks[-1].usage.completion_tokens ==
               whole.usage.completion_tokens, chunks[-1])
        expect(chunks[-1].timings["ttft_s"] > 0, chunks[-1])
        with client.chat.completions.create(**asked, stream=True) as stream:
            for _ in stream:
                break  # and goes
        one.wait_for("requests_running", 0)


def case_completions():
    with Server() as one:
        client = client_of(one)
        answer = client.completions.create(model=NAME, prompt="1, 2, 3, 4,", temperature=0, max_tokens=6)
        expect(answer.object == "text_completion" and "5" in answer.choices[0].text, answer)
        chunks = client.completions.create(
            model=NAME, prompt="1, 2, 3, 4,", temperature=0, max_tokens=6, stream=True)
        expect("".join(c.choices[0].text for c in chunks) == answer.choices[0].text, answer)


def case_models():
    with Server("--alias", "mine") as one:
        models = client_of(one).models.list()
        expect([m.id for m in models.data] == ["mine"], models)
        model = client_of(one).models.retrieve("mine")
        expect(model.nety["mode"] == "stored" and model.nety["policy"], model)
        expect(model.nety["same_bits"] is True, model)


def case_errors():
    """Each kind of error is the client's own for it."""
    key = "a-key-of-some-length"
    with Server(env={"NETY_API_KEY": key}) as one:
        def raises(kind, call):
            try:
                call()
            except kind as error:
                return error
            raise AssertionError(f"no {kind.__name__}")

        right, wrong = client_of(one, key), client_of(one, "another-key-of-some")
        raises(openai.AuthenticationError, lambda: wrong.models.list())
        expect(right.models.list().data[0].id == NAME, "the right key")
        ask = right.chat.completions.create
        error = raises(openai.NotFoundError, lambda: ask(model="gpt-4", messages=QUESTION))
        expect(error.code == "model_not_found" and NAME in error.message, error)
        error = raises(openai.BadRequestError, lambda: ask(model=NAME, messages=QUESTION, temperature=900))
        expect(error.param == "temperature", error)
        error = raises(openai.BadRequestError, lambda: ask(
            model=NAME, messages=QUESTION, tools=[{"type": "function", "function": {"name": "f"}}]))
        expect(error.param == "tools", error)
        error = raises(openai.BadRequestError, lambda: ask(
            model=NAME, messages=QUESTION, response_format={
                "type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "colour"}}}))
        expect(error.param == "response_format", error)
        error = raises(openai.BadRequestError, lambda: ask(
            model=NAME, messages=[{"role": "user", "content": "word " * 2000}]))
        expect(error.code == "context_length_exceeded", error)
        raises(openai.BadRequestError, lambda: ask(model=NAME, messages=[]))
        raises(openai.NotFoundError, lambda: right.embeddings.create(model=NAME, input="x"))


def case_several_answers():
    """n answers from one prompt: each the one that its seed gives alone."""
    with Server("--slots", "4") as one:
        ask = client_of(one).chat.completions.create
        shared = dict(model=NAME, messages=QUESTION, temperature=1.0, max_tokens=16)
        three = ask(**shared, n=3, seed=5)
        expect([c.index for c in three.choices] == [0, 1, 2], three)
        for i, choice in enumerate(three.choices):
            alone = ask(**shared, seed=5 + i).choices[0].message.content
            expect(choice.message.content == alone, f"{choice.message.content!r} is not {alone!r}")


def case_logprobs():
    """Of the chosen tokens and the likeliest; at temperature 0 they are the same."""
    with Server() as one:
        answer = client_of(one).chat.completions.create(
            model=NAME, messages=QUESTION, temperature=0, max_tokens=8, logprobs=True, top_logprobs=3,
            extra_body={"repeat_penalty": 1.0})
        tokens = answer.choices[0].logprobs.content
        expect("".join(t.token for t in tokens) == answer.choices[0].message.content, tokens)
        for token in tokens:
            expect(len(token.top_logprobs) == 3 and token.logprob <= 0, token)
            expect(token.top_logprobs[0].token == token.token, token)


def case_schema():
    """An answer that stops is valid JSON of the schema."""
    schema = {"type": "object", "additionalProperties": False, "required": ["city", "people"],
              "properties": {"city": {"type": "string", "maxLength": 20}, "people": {"type": "integer"}}}
    with Server() as one:
        ask = client_of(one).chat.completions.create
        for seed in range(5):
            answer = ask(model=NAME, messages=QUESTION, seed=seed, temperature=1.0, max_tokens=80,
                         response_format={"type": "json_schema",
                                          "json_schema": {"name": "city", "schema": schema}})
            if answer.choices[0].finish_reason == "stop":
                made = json.loads(answer.choices[0].message.content)
                expect(set(made) == {"city", "people"} and isinstance(made["people"], int), made)
        loose = ask(model=NAME, messages=QUESTION, temperature=0, max_tokens=100,
                    response_format={"type": "json_object"}).choices[0]
        if loose.finish_reason == "stop":
            expect(isinstance(json.loads(loose.message.content), dict), loose)


def case_busy():
    """A full queue is a rate limit, and passes."""
    with Server("--slots", "1", "--queue", "0") as one:
        client = client_of(one)
        stream = client.chat.completions.create(
            model=NAME, messages=QUESTION, stream=True, max_tokens=400, stop=["never said"])
        next(iter(stream))
        try:
            client.chat.completions.create(model=NAME, messages=QUESTION)
            raise AssertionError("it was taken")
        except openai.RateLimitError as error:
            expect(error.code == "queue_full", error)
        stream.close()
        one.wait_for("requests_running", 0)
        client.chat.completions.create(model=NAME, messages=QUESTION, max_tokens=3)


def case_company():
    """A seeded answer is the same alone and among sixteen others."""
    with Server("--slots", "8", "--queue", "32") as one:
        client = client_of(one)

        def ask(seed):
            return client.chat.completions.create(
                model=NAME, temperature=1, seed=seed, max_tokens=24,
                messages=[{"role": "user", "content": f"Tell me about the number {seed}."}]
            ).choices[0].message.content

        alone = {seed: ask(seed) for seed in (3, 8)}
        with ThreadPoolExecutor(17) as many:
            together = dict(zip(range(17), many.map(ask, range(17))))
        for seed, text in alone.items():
            expect(together[seed] == text, f"{together[seed]!r} is not {text!r}")
        expect(len(set(together.values())) > 10, together)


if __name__ == "__main__":
    server.main(globals())
