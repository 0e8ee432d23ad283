"""The words for what is wrong with a value: it itself only where it can be no secret."""

from collections.abc import Sequence
from typing import Any

from deploy.config.mistakes import PathInDocument, shown
from deploy.config.references import has_reference

# Values that may carry a secret are not repeated, whatever is wrong with them.
_HIDDEN = frozenset(
    {"uri", "url", "secret", "previous", "password", "key", "bearer", "clientSecret", "tokenUrl"}
)
_EXAMPLES = {
    "metadata": "{name: my-name, namespace: default}",
    "name": "my-name",
    "subscriber": "{uri: http://host:8080/path} or {ref: {kind: InferenceSink, name: iris}}",
    "protocol": "onnx",
    "url": "file:models/iris.onnx",
    "path": "events.ndjson",
    "by": "partitionkey",
    "names": "[a, b]",
    "secret": "${env:SIGNING_SECRET}",
    "kind": "InferenceSink",
}
_WANTED: dict[type, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}
_FOUND: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number with a fraction"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
)


def example_of(name: str) -> str:
    """What a remedy ends with where a field is missing."""
    return f", such as {name}: {_EXAMPLES[name]}" if name in _EXAMPLES else ""


def one_of(values: Sequence[str]) -> str:
    """`'a'`, `'a' or 'b'`, `'a', 'b' or 'c'`."""
    *others, last = (repr(value) for value in values)
    return f"{', '.join(others)} or {last}" if others else last


def type_wanted(kind: type) -> str:
    return _WANTED[kind]


def type_shown(value: Any) -> str:
    """What a value is, in the words of who wrote it."""
    return next((name for kind, name in _FOUND if isinstance(value, kind)), "empty")


def value_shown(path: PathInDocument, written: Any) -> str:
    """A scalar as written, to begin a sentence with; nothing for lists and mappings."""
    if isinstance(written, dict | list):
        return ""
    if path and path[-1] in _HIDDEN:
        return "the value"
    return f"the value of {shown(written)}" if has_reference(written) else shown(written)
