#!/usr/bin/env python3
"""Writes goldens.json: what Python's jinja2, set up as transformers does, makes of the templates in
templates/ over the conversations of tests/jinja, of snippets, and of templates made at random.

    python make_goldens.py

null stands for an exception. jinja2 3.1.6
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "jinja"))
from compare import reference  # noqa: E402
from conversations import CONVERSATIONS, VARIABLES  # noqa: E402
from random_templates import Maker  # noqa: E402

SNIPPETS = [
    # Numbers
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 1e16 }} {{ 1e15 }} {{ 0.1 + 0.2 }}",
    "{{ 1.0 }} {{ 1e-5 }} {{ 0.0001 }} {{ -0.0 }} {{ 1_000 }} {{ 0xff }} {{ 0b11 }} {{ 0o17 }} {{ true + 1 }} {{ 5.5 // 2 }} {{ -5.5 % 2 }}",
    "{{ 2.675 | round(2) }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 42.55 | round(1, 'floor') }} {{ 42.1 | round(0, 'ceil') }} {{ 7 | round }}",
    "{{ '0x1f' | int(base=16) }} {{ ' 12 ' | int }} {{ 'x' | int(7) }} {{ '1.9' | int }} {{ '1e3' | float }} {{ 'inf' | float }} {{ none | int }}",
    "{{ 1 == 1.0 }} {{ 1 == true }} {{ 'a' == 1 }} {{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ [1, 2] < [1, 3] }} {{ (1,) == [1] }} {{ none == none }}",
    "{{ 1 / 0 }}", "{{ 1 + 'a' }}", "{{ 'a' * 3 }}{{ 2 * [1] }}", "{{ -3 | abs }} {{ (-3) | abs }} {{ -x | abs if x is defined }}",
    # Texts
    "{{ 'a\\tb\\x41\\u00e9\\\\n\\'' }}", "{{ 'a' 'b' \"c\" }}", "{{ 'Zürich'[::-1] }} {{ 'Zürich'[1:-1] }} {{ 'abc'[5:] }} {{ 'abc'[-1] }}",
    "{{ ' a b  c '.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a b c'.rsplit(' ', 1) }} {{ ''.split(',') }} {{ ''.split() }}",
    "{{ 'xxaxx'.strip('x') }} {{ 'abcab'.lstrip('ab') }} {{ 'abcab'.rstrip('ba') }} {{ '\\u3000a\\x1f'.strip() }}|",
    "{{ 'aXbX'.replace('X', '-') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'abc'.replace('', '.') }}",
    "{{ 'straße'.upper() }} {{ 'ΑΣ'.lower() }} {{ 'İ'.lower() }} {{ 'hello wORLD'.title() }} {{ \"they're\" | title }} {{ 'ǆ'.capitalize() }} {{ 'ﬁ'.capitalize() }}",
    "{{ ['a', 'é\\n', \"it's\", '\"', 1.5, none, true, {'k': ()}, (1,)] }}", "{{ '\\u200b\\x00\\U0001f600' | list }}",
    "{{ '%s|%5s|%-5s|%05d|%+d|%x|%.3f|%e|%g|%%|%r' % ('a', 'b', 'c', 42, 7, 255, 3.14159, 12345.678, 0.0001, 'q') }}",
    "{{ '{} {1}'.format(1) }}", "{{ '{0:>5}|{1:<5}|{2:^5}|{3:+d}|{4:,}|{5:.2f}|{6:08.3f}|{7:x}'.format('a', 'b', 'c', 5, 1234567, 2.5, 3.14159, 255) }}",
    "{{ '{a[0]} {b.x} {c!r}'.format(a=[1], b={'x': 2}, c='s') }}", "{{ 'a-b'.partition('-') }} {{ 'ab'.partition('-') }} {{ 'a-b-c'.rpartition('-') }}",
    "{{ 'a\\nb\\r\\nc\\x0bd'.splitlines() }} {{ 'a\\n'.splitlines(true) }}", "{{ 'abc'.find('c') }} {{ 'abc'.index('z') }}",
    "{{ 'b' in 'abc' }} {{ 1 in 'abc' }}", "{{ 'a' ~ 1 ~ none ~ true ~ [1] ~ missing }}|", "{{ '<a>' | e }} {{ '<a>' | safe ~ '<' }} {{ ('<a>' | safe) + '<' }} {{ ['<' | safe] }}",
    "{{ 'a\\n\\nb' | indent(2) }}|{{ 'a\\nb\\n' | indent('> ', true, true) }}|", "{{ 'one two three four' | truncate(9, leeway=0) }} {{ 'one two' | wordcount }} {{ 'a' | center(5) }}|",
    # JSON
    "{{ {'b': [1, 2.0, none, true], 'a': 'é\"\\n\\x7f</'} | tojson }}", "{{ {'b': [1, []], 'a': {}} | tojson(indent=2) }}", "{{ [1, {'a': 2}] | tojson(indent=none, separators=(',', ':')) }}",
    "{{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ 'é😀\\x7f' | tojson(ensure_ascii=true) }} {{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }}", "{{ [1] | tojson(indent='-') }}",
    "{{ missing | tojson }}", "{{ {'a': d.keys()} | tojson }}", "{{ 1e16 | tojson }} {{ (1, 2) | tojson }}",
    # Sequences
    "{{ [3, 1, 2] | sort }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A'] | sort(case_sensitive=true) }} {{ [3, 1] | sort(reverse=true) }} {{ [1, 'a'] | sort }}",
    "{{ m | map(attribute='role') | join(',') }} {{ m | selectattr('role', 'equalto', 'user') | list | length }} {{ m | rejectattr('content') | list }}",
    "{{ m | map(attribute='content', default='-') | list }} {{ ['a', 'b'] | map('upper') | list }} {{ [0, 1] | select | list }} {{ range(9) | select('even') | list }}",
    "{{ range(7) | batch(3) | list }} {{ range(7) | batch(3, 0) | list }} {{ range(7) | slice(3) | list }} {{ ['a', 'A', 'b'] | unique | list }}",
    "{{ d | dictsort }} {{ d | items | list }} {{ d.items() }} {{ d.keys() | list }} {{ d.get('zz') }} {{ d.get('zz', 1) }} {{ d['k'] }} {{ d.nope }}|{{ deep.items }}",
    "{{ [1, 2, 3][::-1] }} {{ [1, 2, 3][-2:] }} {{ [1, 2, 3][1] }} {{ [1][5] }}| {{ (1, 2, 3)[1:] }} {{ range(9)[2:6:2] }} {{ range(5, 0, -2) | list }}",
    "{{ [1, 2] + [3] }} {{ [1] + (2,) }}", "{{ m | groupby('role') }}", "{% set g = items | map('string') %}{{ g | list }}{{ g | list }}", "{{ items | sum }} {{ items | min }} {{ items | max }} {{ [] | first }}| {{ items | last }}",
    "{{ {'a': 1, 'a': 2} }} {{ {1: 'x', true: 'y'} }} {{ {[1]: 2} }}", "{{ dict(a=1, b=2) }} {{ dict([('x', 1)]) }} {{ dict(d, k=3) }}", "{{ items.append(4) }}", "{{ items.append }}|{{ d.pop is defined }}", "{{ a.__class__ }}|", "{{ a.__class__.__name__ }}",
    # Undefined values and tests
    "{{ missing }}|{{ missing | default('x') }}|{{ '' | default('x') }}|{{ '' | default('x', true) }}|{{ missing is defined }}", "{{ missing.x }}", "{{ missing + 1 }}", "{% for x in missing %}x{% endfor %}|{{ missing | length }}{{ missing | list }}",
    "{{ a is string }}{{ d is mapping }}{{ items is sequence }}{{ d is iterable }}{{ n is number }}{{ t is boolean }}{{ none_ is none }}{{ f is float }}{{ n is integer }}{{ t is number }}{{ t is integer }}{{ missing is sequence }}",
    "{{ 1 is odd }}{{ 6 is divisibleby 3 }}{{ 1 is in [1] }}{{ 'a' is eq 'a' }}{{ 2 is gt 1 }}{{ t is true }}{{ n is not true }}{{ a is sameas a }}{{ 'A' is upper }}{{ a is not none and a is defined }}",
    "{{ 'x' if false }}|{{ 'x' if false else 'y' if true else 'z' }}", "{{ not t }} {{ a and n }} {{ '' or 'q' }} {{ t and not none_ }}",
    # Statements
    "{% for i in items %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
    "{% for i in items if i != 2 %}{{ i }}{{ loop.last }}{{ loop.length }}{% else %}none{% endfor %}{% for i in [] %}{% else %}none{% endfor %}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for a, b in [(1, 2), [3, 4]] %}{{ a + b }}{% endfor %}",
    "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}", "{% for i in [[1, [2, 3]], [4]] recursive %}{{ loop.depth }}{% if i is iterable %}({{ loop(i) }}){% else %}{{ i }}{% endif %}{% endfor %}",
    "{% set x = 1 %}{% for i in items %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}", "{% set ns = namespace(n=0) %}{% for i in items %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{{ ns.q }}{{ ns }}",
    "{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1) }}|{{ f(1, 3, 4, 5, z=6) }}|{{ f(b=1, a=2) }}|{{ f() }}", "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(z=2) }}",
    "{% macro f(x) %}[{{ caller(x) }}]{% endmacro %}{% call(y) f(3) %}{{ y * 2 }}{% endcall %}", "{% macro f() %}{{ later }}{% endmacro %}{% set later = 5 %}{{ f() }}", "{% set x %} a {{ n }} {% endset %}[{{ x }}]{% set y | trim | upper %} b {% endset %}[{{ y }}]",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = [1] %}", "{% with q = 1, r = 2 %}{{ q }}{{ r }}{% endwith %}{{ q }}|{% filter upper %}x{{ a }}{% endfilter %}{% generation %}{% set z = 1 %}g{% endgeneration %}{{ z }}", "{% print 1, 2 %}{% raw %} {{ x }} {% endraw %}",
    "{{ loop }}|{% for i in items %}{{ loop.cycle('a', 'b') }}{{ loop.changed(i // 2) }}{% endfor %}", "{% if a %}{% elif b %}{% else %}{% endif %}", "{{ raise_exception('no') }}", "{{ strftime_now('%Y-%m-%d %H:%M:%S %a %A %b %B %d %j %y %%') }}", "{{ range(100001) }}", "{{ range(1, 2, 0) }}", "{{ range(3) }} {{ range(0, 9, 2) }}",
    # White space
    "  {% if true %}\n  x\n  {% endif %}\ny\n", "a\n  {{ n }}  \n b\n\n", "x {%- if true -%} y {%- endif -%} z", "  {%+ if true +%}\n x{% endif %}", "{# c #}\n  a {#- d -#} \n b", "a\r\nb\rc\n", "\u00a0{%- if true %}\u2003{%- endif %}|", "{% if true %}\n\n\nx{% endif %}", "\n  {% set x = 1 %}  \n{{ x }}\n",
    # What is no template
    "{{", "{% if %}", "{% if a %}", "{% endif %}", "{{ a b }}", "{{ 'a }}", "{% nonsense %}", "{{ a | nonsense }}", "{{ a is nonsense }}", "{% if false %}{{ a | nonsense }}{% endif %}ok", "{% break %}", "{{ (1, }}", "{# a", "{% for in x %}{% endfor %}", "{% set 1 = 2 %}", "{{ a.1.b }}", "{{ {'a' 1} }}", "{{ f(a=1, 2) }}", "{% for loop in a %}{% endfor %}",
]


def text_of(template, variables):
    return reference(template, variables).get("text")


def main():
    templates = {}
    for path in sorted((HERE / "templates").glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        templates[path.stem] = {title: text_of(template, VARIABLES | conversation)
                                for title, conversation in CONVERSATIONS.items()}
    maker = Maker(20)
    made = [text for text in (maker.template() for _ in range(400))]
    snippets = [[text, text_of(text, Maker.VARIABLES)] for text in SNIPPETS + made]
    # What Python writes with its address is not for a file; nor is a generator's text.
    snippets = [[text, wanted] for text, wanted in snippets if " at 0x" not in (wanted or "")]
    golden = {"tokens": VARIABLES, "conversations": CONVERSATIONS, "templates": templates,
              "variables": Maker.VARIABLES, "snippets": snippets}
    (HERE / "goldens.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
