#!/usr/bin/env python3
"""Makes schemas.json: schemas of the kinds of the public JSON Schema test suite, with documents that
jsonschema (draft 2020-12, formats asserted) says are valid or not.

    pip install 'jsonschema[format]' && python make_schemas.py

"valid" has a digit per document. A document is there in several spellings: its members in every order, and with and without white
space. Of a valid one the grammar takes at least one spelling, of an invalid one none. Left out are
valid documents that the grammar does not write on purpose: integers as 1.0, bounded numbers with an
exponent.
"""
import itertools
import json
import pathlib
import re

import jsonschema

SCALARS = ["null", "bool", "int", "num", "str"]
POOL = [
    None, True, False, 0, 1, -1, 2, 3, 4, 5, 7, 9, 10, 12, 15, 99, 100, -5, -100, 1234567, 0.5, -0.5,
    1.5, 2.25, 2.5, 3.75, 99.9, 100.5,
    "", "a", "b", "ab", "abc", "abcd", "hello world", "A1", "x-y", "foo", "bar", "foobar", "red", "42",
    "\u00e9\u00e8", "\U0001f600", "a\"b\\c\n", "2024-02-29", "2023-02-29", "12:30:00Z",
    "2024-01-02T03:04:05Z", "123e4567-e89b-12d3-a456-426614174000", "192.168.0.1", "999.1.1.1",
    "a@example.org", "https://example.org/a?b=c", "example.org",
    [], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4], ["a"], ["a", 1], ["a", "b"], [None], [[]], [[1], [2]],
    [{}], [{"a": 1}], [True, False], [1.5], ["a", 1, None], [1, "a"],
    {}, {"a": 1}, {"a": "x"}, {"a": None}, {"b": 2}, {"b": "y"}, {"a": 1, "b": 2}, {"a": 1, "b": "y"},
    {"a": "x", "b": "y"}, {"a": 1, "b": 2, "c": 3}, {"c": True}, {"foo": 1}, {"foo": "x", "bar": 2},
    {"bar": 2}, {"foo": "x"}, {"x_a": 1}, {"x_a": "s"}, {"a": {"a": 1}}, {"a": {"b": [1]}}, {"a": []},
    {"a": [1, 2]}, {"kind": "cat", "lives": 9}, {"kind": "dog", "name": "rex"}, {"kind": "cat"},
    {"value": 1}, {"value": 1, "next": {"value": 2}}, {"value": 1, "next": None},
    {"value": 1, "next": {"value": 2, "next": {"value": 3}}},
    {"name": "n", "age": 3}, {"name": "n"}, {"name": "n", "age": -1}, {"name": "", "age": 3, "tags": ["a"]},
]


def schemas():
    # type
    for one in ["null", "boolean", "integer", "number", "string", "array", "object"]:
        yield {"type": one}
    for both in itertools.combinations(["null", "boolean", "integer", "number", "string", "array", "object"], 2):
        yield {"type": list(both)}
    # enum, const
    yield {"enum": [1, 2, 3]}
    yield {"enum": ["foo", "bar", None, True]}
    yield {"enum": [[1, 2], {"a": 1}, "a"]}
    yield {"enum": [{"a": {"b": [1]}}, []]}
    yield {"enum": ["foo", 1], "type": "string"}
    yield {"enum": [1, 2.5, -0.5, 100], "maximum": 3}
    yield {"enum": ["a\"b\\c\n", "\u00e9\u00e8"]}
    for value in [None, True, 0, -1, 2.5, "a", "", [], [1, 2], {}, {"a": 1}, {"a": None}]:
        yield {"const": value}
    # strings
    for least, most in [(0, 0), (0, 1), (1, 3), (2, 2), (3, 100), (4, 5)]:
        yield {"type": "string", "minLength": least, "maxLength": most}
    yield {"minLength": 2}
    yield {"maxLength": 1}
    for pattern in ["^a", "b$", "^a*$", "^[a-z]+$", "o", "^(foo|bar)$", "\\d", "^\\w{2,4}$", "^.{3}$", "[^a-z]",
                    "^\\S+$", "foo|\\d\\d", "^(ab?)+c?$", "\\u00e9", "^$", "^[\\w.+-]+@[a-z.]+$", "l{2}", "^.?$"]:
        yield {"type": "string", "pattern": pattern}
    yield {"pattern": "^f", "maxLength": 3}
    yield {"type": "string", "pattern": "^[ab]+$", "minLength": 2, "maxLength": 3}
    for name in ["date", "time", "date-time", "uuid", "ipv4", "email"]:
        yield {"type": "string", "format": name}
    yield {"type": ["string", "null"], "format": "date", "minLength": 10}
    # numbers
    for least, most in [(0, 10), (1, 1), (-5, 5), (3, 99), (100, 2000000), (-100, -1), (10, 12)]:
        yield {"type": "integer", "minimum": least, "maximum": most}
        yield {"type": "number", "minimum": least, "maximum": most}
    yield {"minimum": 2.5}
    yield {"maximum": -0.5}
    yield {"exclusiveMinimum": 0}
    yield {"exclusiveMaximum": 2.5, "type": "number"}
    yield {"type": "number", "exclusiveMinimum": -0.5, "exclusiveMaximum": 99.9}
    yield {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}
    yield {"type": "number", "minimum": 0.5, "maximum": 2.25}
    for factor in [1, 2, 3, 5, 7, 10]:
        yield {"type": "integer", "multipleOf": factor}
    yield {"type": "integer", "multipleOf": 5, "minimum": 1, "maximum": 100}
    # arrays
    yield {"type": "array", "items": {"type": "integer"}}
    yield {"items": {"type": "integer"}}
    yield {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}
    yield {"type": "array", "items": False}
    yield {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]}
    yield {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}
    yield {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "integer", "minimum": 2}}
    yield {"type": "array", "prefixItems": [True, {"type": "integer"}], "minItems": 2}
    for least, most in [(0, 0), (1, 1), (1, 2), (2, 3), (3, 9)]:
        yield {"type": "array", "minItems": least, "maxItems": most}
        yield {"type": "array", "items": {"type": "integer"}, "minItems": least, "maxItems": most}
    yield {"minItems": 2}
    yield {"type": "array", "items": {"enum": ["a", "b", 1]}, "minItems": 1}
    yield {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    yield {"type": "array", "uniqueItems": True, "maxItems": 1}
    # objects
    yield {"type": "object", "properties": {"a": {"type": "integer"}}}
    yield {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    yield {"properties": {"a": {"type": "integer"}}, "additionalProperties": False}
    yield {"type": "object", "properties": {"b": {"type": "integer"}, "a": {"type": "integer"}},
           "required": ["b", "a"], "additionalProperties": False}
    yield {"type": "object", "properties": {"b": {}, "a": {}, "c": {}}, "required": ["a"]}
    yield {"type": "object", "required": ["a"]}
    yield {"type": "object", "required": ["foo", "bar"]}
    yield {"type": "object", "additionalProperties": {"type": "integer"}}
    yield {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "integer"}}
    yield {"type": "object", "properties": {"a": False}}
    yield {"type": "object", "properties": {"a": {"type": "null"}, "foo": {"type": "string"}, "bar": {}}}
    yield {"type": "object", "patternProperties": {"^x_": {"type": "integer"}}}
    yield {"type": "object", "patternProperties": {"^x_": {"type": "integer"}}, "additionalProperties": False}
    yield {"type": "object", "properties": {"a": {"type": "integer"}}, "patternProperties": {"a": {"minimum": 1}, "o+": {"type": "string"}},
           "additionalProperties": {"type": "boolean"}}
    yield {"type": "object", "propertyNames": {"maxLength": 1}}
    yield {"type": "object", "propertyNames": {"enum": ["a", "b"]}}
    yield {"type": "object", "propertyNames": {"pattern": "^[a-f]+$"}, "required": ["a"]}
    yield {"propertyNames": False}
    for least, most in [(0, 0), (0, 1), (1, 1), (1, 2)]:
        yield {"type": "object", "minProperties": least, "maxProperties": most}
    yield {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "minProperties": 2, "additionalProperties": False}
    yield {"type": "object", "properties": {"a": {}, "b": {}}, "minProperties": 2, "maxProperties": 2, "additionalProperties": False}
    yield {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "array"}}, "required": ["b"]}}, "required": ["a"]}
    yield {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "minimum": 0},
                                            "tags": {"type": "array", "items": {"type": "string"}}},
           "required": ["name", "age"], "additionalProperties": False}
    # combinations
    yield {"allOf": [{"type": "integer"}, {"minimum": 2}, {"maximum": 10}]}
    yield {"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "integer"}}}], "type": "object"}
    yield {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                     {"properties": {"b": {"type": "string"}}, "required": ["b"]}]}
    yield {"allOf": [True, {"type": "string"}]}
    yield {"allOf": [{"additionalProperties": {"type": "integer"}}, {"properties": {"a": {"minimum": 1}}}], "type": "object"}
    yield {"anyOf": [{"type": "integer"}, {"minLength": 3, "type": "string"}]}
    yield {"anyOf": [{"type": "integer"}, {"minimum": 2}]}
    yield {"anyOf": [True, {"type": "null"}]}
    yield {"anyOf": [False, {"type": "null"}]}
    yield {"type": "string", "anyOf": [{"maxLength": 2}, {"minLength": 4}]}
    yield {"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"}
    yield {"anyOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                     {"properties": {"a": {"type": "string"}}, "required": ["a"]}]}
    yield {"allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}]}
    yield {"oneOf": [{"type": "integer"}, {"type": "string"}]}
    yield {"oneOf": [{"type": "string", "maxLength": 1}, {"type": "null"}, {"type": "array", "maxItems": 1}]}
    yield {"oneOf": [
        {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind"], "additionalProperties": False},
        {"type": "object", "properties": {"kind": {"const": "dog"}, "name": {"type": "string"}}, "required": ["kind", "name"]}]}
    # references
    yield {"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}}
    yield {"properties": {"a": {"$ref": "#/$defs/a"}, "b": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "integer"}}}
    yield {"$ref": "#/$defs/c", "$defs": {"a": {"type": "integer"}, "b": {"$ref": "#/$defs/a"}, "c": {"$ref": "#/$defs/b"}}}
    yield {"type": "object", "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
           "required": ["value"], "additionalProperties": False}
    yield {"type": "array", "items": {"$ref": "#"}}
    yield {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#"}}]}
    yield {"properties": {"a": {"$ref": "#/properties/b"}, "b": {"type": "integer"}}}
    yield {"$ref": "#/$defs/a~1b%25", "$defs": {"a/b%": {"type": "string"}}}
    yield {"$ref": "#/$defs/s", "maxLength": 2, "$defs": {"s": {"type": "string"}}}
    yield {"$defs": {"node": {"type": "object", "properties": {"a": {"$ref": "#/$defs/node"}, "b": {"type": "array"}}, "additionalProperties": False}},
           "$ref": "#/$defs/node"}
    # annotations, and nothing
    yield True
    yield {}
    yield {"title": "t", "description": "d", "default": 3, "examples": [1], "deprecated": True, "$comment": "c", "type": "integer"}
    # products of bounds with types that they say nothing about
    for keyword, value in [("minLength", 3), ("minimum", 4), ("minItems", 3), ("minProperties", 1), ("pattern", "a"), ("maximum", 1)]:
        for one in ["integer", "string", "array", "object"]:
            yield {"type": one, keyword: value}


def orders(value):
    """The value with the members of every object in every order."""
    if isinstance(value, dict):
        for names in itertools.permutations(value):
            for values in itertools.product(*[list(orders(value[name])) for name in names]):
                yield dict(zip(names, values))
    elif isinstance(value, list):
        for items in itertools.product(*[list(orders(item)) for item in value]):
            yield list(items)
    else:
        yield value


def spellings(value):
    for ordered in orders(value):
        yield json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    yield json.dumps(value, ensure_ascii=False)
    yield json.dumps(value, ensure_ascii=False, indent=2)


def matches(pattern, text):
    """As ECMA-262 says: \\w is ASCII, and $ is the end alone. Python's re differs in both."""
    return re.search(re.sub(r"(?<!\\)\$", r"\\Z", pattern), text, re.ASCII)


def pattern_keyword(validator, pattern, instance, schema):
    if validator.is_type(instance, "string") and not matches(pattern, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern_keyword})


def main():
    cases, seen = [], set()
    for schema in schemas():
        text = json.dumps(schema, ensure_ascii=False)
        if text in seen:
            continue
        seen.add(text)
        checker = Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        cases.append({"schema": text, "valid": "".join("01"[checker.is_valid(value)] for value in POOL)})
    documents = [json.dumps(list(dict.fromkeys(spellings(value)))) for value in POOL]
    rows = [json.dumps(case, separators=(",", ":")) for case in cases]
    pathlib.Path(__file__).with_name("schemas.json").write_text(
        '{"documents": [\n' + ",\n".join(documents) + '\n], "cases": [\n' + ",\n".join(rows) + "\n]}\n")
    print(len(cases), "schemas")


if __name__ == "__main__":
    main()
