"""Conversations of every kind that chat templates know, as transformers hands them over."""


def user(content, **more):
    return {"role": "user", "content": content, **more}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


def call(name, arguments, number=0):
    return {"id": f"call{number:05}", "type": "function",
            "function": {"name": name, "arguments": arguments}}


def result(content, number=0, name="get_weather"):
    return {"role": "tool", "content": content, "name": name, "tool_call_id": f"call{number:05}"}


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather <now> & later.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The city, e.g. Zürich"},
                "days": {"type": "integer", "default": 3, "minimum": 1},
                "units": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "places": {"type": "array", "items": {"type": "number"}},
                "more": {"type": "object", "properties": {"wind": {"type": "boolean"}},
                         "required": ["wind"]},
            },
            "required": ["city"],
        },
        "return": {"type": "string"},
    },
}
TIME = {
    "type": "function",
    "function": {"name": "get_time", "description": "", "parameters": {"type": "object",
                                                                       "properties": {}}},
}

ASKS = call("get_weather", {"city": "Zürich", "days": 2, "places": [1.5, 2], "more": None})
CALLS = [user("Weather?"), assistant("", tool_calls=[ASKS]), result('{"t": 21.5}'),
         assistant("Warm."), user("And \"tomorrow\"?")]
TWO_CALLS = [system("Use tools."), user("Both?"),
             assistant("I look.", tool_calls=[ASKS, call("get_time", {}, 1)]),
             result("sun"), result("12:00", 1, "get_time")]
THOUGHT = "<think>\nHe says hi.\n</think>\n\nHello!"


def conversation(messages, prompt=True, **more):
    return {"messages": messages, "add_generation_prompt": prompt, "tools": None,
            "documents": None} | more


#: Variables that every rendering gets: the special tokens.
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>"}

CONVERSATIONS = {
    "plain": conversation([user("Hello")]),
    "system": conversation([system("Be brief."), user("Hello")]),
    "turns": conversation([user("a b"), assistant("c d"), user("e")]),
    "system and turns": conversation([system("Sys"), user("Hi"), assistant("Yo"), user("Ok"),
                                      assistant("Fine"), user("Bye")]),
    "no prompt": conversation([user("a"), assistant("b")], prompt=False),
    "last is assistant": conversation([user("a"), assistant("b")]),
    "white space": conversation([system("  s \n"), user(" \n a \u3000\t"), assistant("\n b\n\n"),
                                 user("\u00a0c\x1f\u200b")]),
    "empty": conversation([user("")]),
    "empty system": conversation([system(""), user("x")]),
    "special": conversation([user("<|im_end|></s>[INST] {{ x }} <<SYS>> 'q' \"r\" \\n")]),
    "Unicode": conversation([system("é"), user("日本\r\n語 👩‍🚀"), assistant("ß\u2028İ"), user("Σ")]),
    "parts": conversation([user([{"type": "text", "text": "one "}, {"type": "text", "text": "two"}])]),
    "image": conversation([user([{"type": "image"}, {"type": "text", "text": "What is it?"}])]),
    "tools": conversation([user("Weather?")], tools=[WEATHER, TIME]),
    "tools and system": conversation([system("Be brief."), user("Weather?")], tools=[WEATHER]),
    "tool results": conversation(CALLS, tools=[WEATHER]),
    "two calls": conversation(TWO_CALLS, tools=[WEATHER, TIME]),
    "tool results without tools": conversation(CALLS),
    "arguments as text": conversation([user("Weather?"), assistant(None, tool_calls=[
        call("get_weather", '{"city": "Bern"}')]), result("rain")], tools=[WEATHER]),
    "content none": conversation([user("x"), {"role": "assistant", "content": None,
                                              "tool_calls": [ASKS]}, result("y")]),
    "thinking": conversation([user("hi"), assistant(THOUGHT), user("more")]),
    "thinking apart": conversation([user("hi"), assistant("Hello!", reasoning_content="He says hi."),
                                    user("more")]),
    "thinking with tools": conversation(
        [user("hi"), assistant("", reasoning_content="I ask.", tool_calls=[ASKS]), result("sun")],
        tools=[WEATHER]),
    "thinking on": conversation([user("hi")], enable_thinking=True, thinking=True),
    "thinking off": conversation([user("hi")], enable_thinking=False, thinking=False),
    "thinking kept": conversation([user("hi"), assistant(THOUGHT), user("more")],
                                  preserve_thinking=True, clear_thinking=False),
    "no think": conversation([user("hi /no_think")]),
    "effort": conversation([system("x"), user("hi")], reasoning_effort="high",
                           model_identity="You are a test.", builtin_tools=["browser", "python"]),
    "documents": conversation([user("hi")], documents=[{"title": "T", "text": "body",
                                                        "doc_id": 1}]),
    "two users": conversation([user("a"), user("b")]),
    "assistant first": conversation([assistant("a"), user("b")]),
    "late system": conversation([user("a"), system("b"), user("c")]),
    "system only": conversation([system("a")]),
    "other role": conversation([{"role": "critic", "content": "x"}, user("b")]),
    "developer": conversation([{"role": "developer", "content": "Dev."}, user("b")]),
    "no messages": conversation([]),
    "no content": conversation([{"role": "user"}]),
    "not a list": conversation("hello"),
}
