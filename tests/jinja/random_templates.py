"""Templates made at random, of what chat templates are made of: expressions of every kind, loops,
macros, namespaces, white space control. The same seed makes the same templates."""
import random

NAMES = ["a", "b", "n", "f", "t", "none_", "items", "words", "d", "m", "deep", "x", "missing", "empty"]
STRINGS = ["", "a", "A b", "<think>x</think>y", " s ", "a,b,,c", "Zürich", "日本 語", "\\n", "it's", "x\\ty",
           "{}", "%s", "hello world", "-1", "3.5", "ß", "a\\n  b\\n\\nc"]
FILTERS = ["trim", "length", "upper", "lower", "capitalize", "title", "string", "int", "float", "list", "first",
           "last", "reverse", "sort", "unique", "join", "join(', ')", "default('z')", "default('z', true)", "tojson",
           "tojson(indent=2)", "tojson(ensure_ascii=true)", "tojson(separators=(',', ':'))", "tojson(sort_keys=true)",
           "items", "dictsort", "dictsort(reverse=true)", "abs", "round", "round(1)", "round(2, 'floor')", "safe",
           "escape", "e", "count", "sum", "min", "max", "map('upper')", "map('string')", "map(attribute='role')",
           "map(attribute='content')", "map('length')", "select", "select('string')", "reject('none')",
           "select('defined')", "selectattr('role')", "selectattr('role', 'equalto', 'user')",
           "rejectattr('role', 'equalto', 'user')", "replace('a', 'b')", "replace('a', '', 1)", "indent", "indent(2, true)",
           "indent('> ', blank=true)", "batch(2)", "batch(2, 'x')", "slice(2)", "wordcount", "center(9)",
           "truncate(7)", "truncate(5, true, '')", "urlencode", "format('q')", "filesizeformat", "groupby('role')",
           "attr('x')", "forceescape", "d", "map('int')", "list | length", "nosuchfilter"]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "mapping", "sequence", "iterable",
         "boolean", "true", "false", "odd", "even", "lower", "upper", "callable", "divisibleby(2)", "equalto(1)",
         "eq('a')", "in(items)", "in 'abc'", "sameas none", "escaped", "filter", "gt 1", "lt(3)", "nosuchtest"]
METHODS = ["strip()", "lstrip()", "rstrip('x')", "strip(' a')", "upper()", "lower()", "title()", "capitalize()",
           "swapcase()", "split()", "split(',')", "split('a', 1)", "rsplit(None, 1)", "rsplit(',', 1)", "splitlines()",
           "splitlines(true)", "replace('a', 'bb')", "replace('', '-')", "replace('a', 'b', 1)", "startswith('a')",
           "endswith(('b', 'c'))", "find('b')", "rfind('b')", "index('a')", "count('a')", "join(['x', 'y'])",
           "join(words)", "partition(',')", "rpartition(',')", "removeprefix('a')", "removesuffix('c')", "zfill(6)",
           "center(8, '*')", "ljust(6)", "rjust(6, '.')", "isdigit()", "isalpha()", "isupper()", "islower()",
           "isspace()", "istitle()", "isalnum()", "isnumeric()", "format(1, 'b')", "format(a=2)", "items()", "keys()",
           "values()", "get('k')", "get('zz', 5)", "get('role')", "copy()", "append(1)", "count(1)", "index(2)",
           "pop()", "update({})", "startswith('b', 1)", "find('a', 1, -1)", "nosuch()", "isascii()", "isdecimal()"]
ATTRIBUTES = ["role", "content", "k", "items", "x", "0", "name", "real", "__class__", "nothing"]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
FORMATS = ["'%s-%s' % (a, n)", "'%05d|%.2f' % (n, f)", "'%r' % words", "'%-6s|' % a", "'%x' % n", "'%(k)s' % d",
           "'{:>6}|{:<4}|{:^5}'.format(a, n, 1)", "'{0}{1}{0}'.format(a, n)", "'{:05.1f}'.format(f)", "'{:,}'.format(1234567)",
           "'{!r}'.format(a)", "'{a}'.format(a=words)", "'{0[0]}'.format(words)", "'%s' % missing", "'%d%%' % n"]
LOOPS = ["loop.index", "loop.index0", "loop.first", "loop.last", "loop.length", "loop.revindex", "loop.previtem",
         "loop.nextitem", "loop.depth", "loop.cycle('o', 'e')", "loop.changed(i)"]


class Maker:
    #: What every template can name.
    VARIABLES = {
        "a": "abc", "b": "  Some Text ", "n": 7, "f": 2.5, "t": True, "none_": None, "items": [1, 2, 3],
        "words": ["beta", "Alpha", "gamma", "alpha"], "d": {"k": "v", "b": 2, "a": None}, "x": "x-ray",
        "m": [{"role": "user", "content": "Hi <b>"}, {"role": "assistant", "content": "Ü\n\"q\""}, {"role": "user"}],
        "deep": {"x": {"y": [1, {"z": 0.1}]}, "items": 3}, "empty": [],
    }

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = list(NAMES)

    def pick(self, values):
        return self.random.choice(values)

    def expression(self, depth=3):
        """Any expression, or, more often, one whose types fit."""
        if depth <= 0:
            return self.leaf()
        if self.random.random() < 0.7:
            return self.pick([self.text_value, self.text_value, self.number, self.sequence, self.truth])(depth)
        kind = self.random.randrange(15)
        inner = lambda: self.expression(depth - 1)  # noqa: E731
        if kind == 0:
            return self.leaf()
        if kind in (1, 2):
            return f"({inner()} {self.pick(BINARY)} {inner()})"
        if kind in (3, 4):
            return f"{inner()} | {self.pick(FILTERS)}"
        if kind in (5, 6):
            return f"({inner()}).{self.pick(METHODS)}"
        if kind == 7:
            return f"({inner()}).{self.pick(ATTRIBUTES)}"
        if kind == 8:
            # Not of a constant: of those Jinja takes a slice that fails for an undefined value.
            return f"(missing or {inner()})[{self.slice(depth)}]"
        if kind == 9:
            return f"({inner()} is {self.pick(['', 'not '])}{self.pick(TESTS)})"
        if kind == 10:
            return f"({inner()} if {inner()}{self.pick(['', ' else ' + inner()])})"
        if kind == 11:
            return f"[{', '.join(inner() for _ in range(self.random.randrange(4)))}]"
        if kind == 12:
            return f"{{{', '.join(self.string() + ': ' + inner() for _ in range(self.random.randrange(3)))}}}"
        if kind == 13:
            return self.pick([f"(not {inner()})", f"-{self.leaf()}", f"range({self.pick(['3', '1, 5', '5, 0, -2', 'n'])})",
                              f"({inner()}, {inner()})", f"dict(k={inner()})", f"{inner()} < {self.leaf()} <= {self.leaf()}"])
        return self.pick(FORMATS)

    def text_value(self, depth):
        if depth <= 0:
            return self.pick(["a", "b", "x", self.string(), "words[1]", "m[0].content", "m[1]['role']", "d.k"])
        text = lambda: self.text_value(depth - 1)  # noqa: E731
        return self.pick([
            lambda: f"{text()} | {self.pick(['trim', 'upper', 'lower', 'capitalize', 'title', 'string', 'safe', 'replace(' + text() + ', ' + text() + ')', 'indent(2)', 'reverse', 'e', 'tojson', 'center(9)', 'truncate(9)'])}",
            lambda: f"({text()}).{self.pick(['strip()', 'lstrip(' + text() + ')', 'rstrip(' + text() + ')', 'upper()', 'lower()', 'title()', 'capitalize()', 'swapcase()', 'replace(' + text() + ', ' + text() + ')', 'removeprefix(' + text() + ')', 'zfill(8)', 'center(11)', 'ljust(9)', 'join(words)', 'split(' + text() + ' or none)[0]', 'split()[-1]', 'rsplit(none, 1)[0]', 'partition(' + text() + ' or none)[2]', 'splitlines()[0]'])}",
            lambda: f"({text()} {self.pick(['~', '+'])} {text()})",
            lambda: f"({text()} ~ {self.expression(depth - 2)})",
            lambda: f"({text()} * {self.number(0)})",
            lambda: f"({text()})[{self.pick(['0', '-1', '1:', ':-1', '::-1', '1:3', '-3:', '::2', self.number(0) + ':'])}]",
            lambda: f"({self.sequence(depth - 1)} | join({self.string()}))",
            lambda: f"({self.sequence(depth - 1)} | list | tojson{self.pick(['', '(indent=1)', '(2)', '(separators=none)'])})",
            lambda: f"({text()} if {self.truth(depth - 1)} else {text()})",
            lambda: f"({self.expression(depth - 2)} | string)",
            lambda: self.pick(FORMATS),
        ])()

    def number(self, depth):
        if depth <= 0:
            return self.pick(["n", "f", "1", "2", "-3", "0", "0.5", "10", "t", "items[1]", "deep.x.y[1].z"])
        number = lambda: self.number(depth - 1)  # noqa: E731
        return self.pick([
            lambda: f"({number()} {self.pick(['+', '-', '*', '/', '//', '%'])} {number()})",
            lambda: f"({number()} | {self.pick(['abs', 'round', 'int', 'float', 'round(1)', 'round(2)'])})",
            lambda: f"({self.text_value(depth - 1)} | length)",
            lambda: f"({self.sequence(depth - 1)} | list | length)",
            lambda: f"({self.text_value(depth - 1)} | {self.pick(['int', 'float', 'wordcount', 'int(5)'])})",
            lambda: f"({self.text_value(depth - 1)}).{self.pick(['find', 'rfind', 'count'])}({self.text_value(0)})",
            lambda: f"(items | {self.pick(['sum', 'min', 'max', 'first', 'last'])})",
            lambda: f"-{number()}",
        ])()

    def sequence(self, depth):
        if depth <= 0:
            return self.pick(["items", "words", "empty", "d", "m", "range(4)", "[1, 'a', none]", "('x', 'y')", "d.items()", "d.values()", "d.keys()"])
        values = lambda: self.sequence(depth - 1)  # noqa: E731
        return self.pick([
            lambda: f"({values()} | {self.pick(['list', 'reverse', 'list | reverse', 'unique', 'map(' + repr('string') + ')', 'select', 'reject', 'list | batch(2)', 'map(' + repr('length') + ')', 'select(' + repr('string') + ')', 'reject(' + repr('none') + ')', 'list | sort', 'map(' + repr('upper') + ')', 'slice(2)'])})",
            lambda: f"(m | {self.pick(['selectattr(' + repr('content') + ')', 'rejectattr(' + repr('role') + ', ' + repr('eq') + ', ' + repr('user') + ')', 'map(attribute=' + repr('role') + ')', 'map(attribute=' + repr('content') + ', default=' + repr('?') + ')', 'groupby(' + repr('role') + ')', 'sort(attribute=' + repr('role') + ')'])})",
            lambda: f"({values()} | list)[{self.pick(['1:', ':-1', '::-1', ':2', '-2:', '::2'])}]",
            lambda: f"[{self.expression(depth - 1)}, {self.expression(depth - 2)}]",
            lambda: f"({self.text_value(depth - 1)}).{self.pick(['split()', 'splitlines()', 'split(' + repr('a') + ')', 'rsplit(' + repr(' ') + ', 1)', 'partition(' + repr('b') + ')'])}",
            lambda: f"({self.text_value(depth - 1)} | list)",
            lambda: f"({values()} | list + {values()} | list)",
            lambda: f"{{'k': {self.expression(depth - 1)}, {self.text_value(0)}: {self.expression(depth - 2)}}}",
            lambda: f"(d | {self.pick(['items', 'dictsort', 'list', 'dictsort(false, ' + repr('key') + ', true)'])})",
        ])()

    def truth(self, depth):
        if depth <= 0:
            return self.pick(["t", "true", "false", "missing", "a", "empty", "n"])
        return self.pick([
            lambda: f"({self.expression(depth - 1)} is {self.pick(['', 'not '])}{self.pick(['defined', 'none', 'string', 'mapping', 'iterable', 'sequence', 'number', 'boolean', 'true', 'false', 'integer', 'float', 'undefined'])})",
            lambda: f"({self.number(depth - 1)} {self.pick(['<', '>=', '==', '!='])} {self.number(depth - 1)})",
            lambda: f"({self.text_value(depth - 1)} {self.pick(['in', 'not in', '==', '<'])} {self.text_value(depth - 1)})",
            lambda: f"({self.text_value(0)} in {self.sequence(depth - 1)})",
            lambda: f"({self.text_value(depth - 1)}).{self.pick(['startswith', 'endswith'])}({self.text_value(0)})",
            lambda: f"({self.truth(depth - 1)} {self.pick(['and', 'or'])} {self.truth(depth - 1)})",
            lambda: f"(not {self.truth(depth - 1)})",
            lambda: f"({self.text_value(depth - 1)}).{self.pick(['isdigit()', 'isalpha()', 'isupper()', 'islower()', 'isspace()', 'istitle()', 'isalnum()', 'isascii()'])}",
        ])()

    def leaf(self):
        return self.pick([self.pick(self.names), self.pick(self.names), self.string(), str(self.random.randrange(-3, 12)),
                          self.pick(["0.1", "1e3", "2.0", "1e16", "1_000", "0x1f", "1e-7"]), self.pick(["true", "false", "none"])])

    def string(self):
        text = self.pick(STRINGS)
        return f'"{text}"' if "'" in text else f"'{text}'"

    def slice(self, depth):
        bound = lambda: self.pick(["", "0", "1", "-1", "2", "-2", "5", "none"])  # noqa: E731
        return self.pick([self.expression(depth - 2), self.string(), "0", "-1", f"{bound()}:{bound()}", "::-1",
                          f"{bound()}:{bound()}:{self.pick(['', '1', '2', '-1', '-2'])}"])

    def block(self, kind):
        left = self.pick(["{%", "{%", "{%-", "{%+"])
        right = self.pick(["%}", "%}", "-%}", "+%}"])
        return f"{left} {kind} {right}"

    def text(self):
        return self.pick(["", " ", "\n", "x", " y\n", "\n  ", "\t", "é\n\n", "<|im_end|>", "{ ", "}", "\u00a0\n", "#"])

    def body(self, depth):
        return "".join(self.text() + self.statement(depth - 1) for _ in range(self.random.randrange(1, 3))) + self.text()

    def statement(self, depth=3):
        kind = self.random.randrange(14) if depth > 0 else 0
        if kind < 5:
            return f"{self.pick(['{{', '{{-', '{{ '])} {self.expression()} {self.pick(['}}', '-}}', ' }}'])}"
        if kind == 5:
            middle = self.pick(["", self.block("else") + self.body(depth),
                                self.block(f"elif {self.expression(2)}") + self.body(depth)])
            return self.block(f"if {self.expression(2)}") + self.body(depth) + middle + self.block("endif")
        if kind in (6, 7):
            return self.loop(depth)
        if kind == 8:
            name = self.pick(["a", "v", "w", "n"])
            self.names = list(dict.fromkeys([*self.names, name]))
            return self.block(f"set {name} = {self.expression(2)}")
        if kind == 9:
            return (self.block(f"set ns = namespace(k={self.expression(1)}, i=0)") + self.block(f"for i in {self.pick(['items', 'words', 'm'])}")
                    + self.block(f"set ns.k = {self.pick(['ns.k ~ i', 'i', 'ns.i', 'ns.k'])}") + self.block("set ns.i = ns.i + 1")
                    + self.block("endfor") + "{{ ns.k }}{{ ns.i }}{{ ns.q }}")
        if kind == 10:
            call = self.pick(["f()", "f(1)", "f(1, q=2)", "f(p=a)", "f(1, 2, 3)", "f(r=1)"])
            extra = self.pick(["", "{{ varargs }}", "{{ kwargs }}", "{{ caller is defined }}"])
            return self.block(f"macro f(p, q={self.expression(1)})") + self.body(depth) + "{{ p }}{{ q }}" + extra + self.block("endmacro") + f"{{{{ {call} }}}}"
        if kind == 11:
            return self.block(f"set v{self.pick(['', ' | upper', ' | trim'])}") + self.body(depth) + self.block("endset") + "{{ v }}"
        if kind == 12:
            return self.pick([self.block("generation") + self.body(depth) + self.block("endgeneration"), "{# note #}", "{#- a\n b -#}\n",
                              self.block(f"filter {self.pick(['upper', 'trim', 'indent(2)'])}") + self.body(depth) + self.block("endfilter"),
                              self.block(f"with a = {self.expression(1)}, z = 2") + self.body(depth) + "{{ z }}" + self.block("endwith"),
                              "{% raw %}{{ x }}{% endraw %}",
                              self.block("macro g(p)") + "[{{ caller(p) }}]" + self.block("endmacro") + self.block("call(c) g(n)") + "{{ c }}" + self.block("endcall")])
        return self.block(f"print {self.expression(2)}")

    def loop(self, depth):
        over = self.pick(["items", "words", "m", "d", "d.items()", "d | items", "empty", "range(3)", "a", self.expression(2)])
        target = self.pick(["i", "i", "i", "i, j", "(i, j)"])
        condition = self.pick(["", "", f" if {self.expression(1)}", " if i != 2", " if loop is defined"])
        control = self.pick(["", "", self.block("if loop.index == 2") + self.pick(["{% break %}", "{% continue %}"]) + self.block("endif")])
        shown = f"{{{{ {self.pick(LOOPS)} }}}}"
        other = self.pick(["", self.block("else") + self.body(depth)])
        return self.block(f"for {target} in {over}{condition}") + control + self.body(depth) + shown + other + self.block("endfor")

    def template(self):
        self.names = list(NAMES)
        return self.text() + "".join(self.statement() + self.text() for _ in range(self.random.randrange(1, 4)))
