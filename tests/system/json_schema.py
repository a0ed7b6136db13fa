"""JSON Schema as docs/schema uses it, and no more: a keyword that is not known is an error, and so
is an object that says nothing of other keys. A page may name those of nouns.json."""

import json
import re
from functools import cache

from programs import TOP

FOLDER = TOP / "docs" / "schema"
SAID = {"$schema", "title", "description", "$defs"}
TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None),
}


@cache
def page(name):
    return json.loads((FOLDER / name).read_text())


def is_type(value, name):
    return isinstance(value, TYPES[name]) and (name != "integer" or not isinstance(value, bool))


def follow(target, home):
    name, _, way = target.partition("#")
    found = page(name) if name else home
    root = found
    for step in way.strip("/").split("/"):
        found = found[step]
    return found, root


def problems(value, schema, home=None, place="$"):
    """Why the value is not what the schema says, each with its place; none when it is."""
    home = home or schema
    rest = {word: of for word, of in schema.items() if word not in SAID}
    if "$ref" in rest:
        assert list(rest) == ["$ref"], place
        found, root = follow(rest["$ref"], home)
        return problems(value, found, root, place)
    if "anyOf" in rest:
        assert list(rest) == ["anyOf"], place
        ways = [problems(value, way, home, place) for way in rest["anyOf"]]
        return [] if [] in ways else min(ways, key=len)
    found = []
    for word, of in rest.items():
        found += KEYWORDS[word](value, of, schema, home, place)
    return found


def check_type(value, of, schema, home, place):
    if of == "object":
        assert schema["additionalProperties"] is False and "required" in schema, place
    return [] if is_type(value, of) else [f"{place}: {value!r} is no {of}"]


def check_properties(value, of, schema, home, place):
    if not isinstance(value, dict):
        return []
    found = [f"{place}: {key} is in no schema" for key in value if key not in of]
    for key in value.keys() & of.keys():
        found += problems(value[key], of[key], home, f"{place}.{key}")
    return found


def check_items(value, of, schema, home, place):
    if not isinstance(value, list):
        return []
    return [p for i, item in enumerate(value) for p in problems(item, of, home, f"{place}[{i}]")]


def check_required(value, of, schema, home, place):
    missing = [key for key in of if isinstance(value, dict) and key not in value]
    return [f"{place}: {key} is missing" for key in missing]


def simple(fits):
    def check(value, of, schema, home, place):
        return [] if fits(value, of) else [f"{place}: {value!r} is not {of!r}"]

    return check


def same(value, of):
    return value == of and isinstance(value, bool) == isinstance(of, bool)


KEYWORDS = {
    "type": check_type,
    "properties": check_properties,
    "items": check_items,
    "required": check_required,
    "additionalProperties": lambda value, of, schema, home, place: [],
    "enum": simple(lambda value, of: any(same(value, one) for one in of)),
    "const": simple(same),
    "pattern": simple(lambda value, of: isinstance(value, str) and re.search(of, value) is not None),
    "minimum": simple(lambda value, of: is_type(value, "integer") and value >= of),
    "maximum": simple(lambda value, of: is_type(value, "integer") and value <= of),
    "minLength": simple(lambda value, of: isinstance(value, str) and len(value) >= of),
}


def schema_of(verb):
    """None where there is none."""
    path = FOLDER / (verb.replace(" ", "-") + ".json")
    return page(path.name) if path.exists() else None
