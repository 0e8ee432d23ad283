"""What pydantic found, in this house's words: what is wrong and the remedy, never the input."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from deploy.config.mistakes import InvalidValue, PathInDocument, did_you_mean, shown
from deploy.config.references import has_reference

Explanation = tuple[str, str]
# Values that may carry a secret are not repeated, whatever is wrong with them.
_HIDDEN = frozenset({"uri", "url", "secret", "previous"})
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
_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def explain(error: ErrorDetails, written: Any, model: type[BaseModel]) -> Explanation:
    """What is wrong and the remedy. `written` is the value as it stands in the file."""
    path: PathInDocument = error["loc"]
    kind = error["type"]
    if kind == "missing":
        name = str(path[-1])
        example = f", such as {name}: {_EXAMPLES[name]}" if name in _EXAMPLES else ""
        return "is missing", f"add it{example}"
    if kind == "extra_forbidden":
        return "is no known field", did_you_mean(str(path[-1]), fields_at(model, path[:-1]))
    if kind in _TYPES:
        return f"is {_shown_type(written)} instead of {_TYPES[kind]}", f"write {_TYPES[kind]}"
    subject = shown_value(path, written)
    context: Mapping[str, Any] = error.get("ctx", {})
    if isinstance(context.get("error"), InvalidValue):
        invalid: InvalidValue = context["error"]
        return f"{subject} {invalid.what}".lstrip(), invalid.remedy or "mend it"
    explanation = _BOUNDS.get(kind)
    if explanation is None:
        return f"{subject} cannot be used ({kind})".lstrip(), "see the example configurations"
    return explanation(subject, context)


def _allowed(subject: str, context: Mapping[str, Any]) -> Explanation:
    return f"{subject} is none of the known values", f"write {context['expected']}"


_BOUNDS: dict[str, Callable[[str, Mapping[str, Any]], Explanation]] = {
    "literal_error": _allowed,
    "greater_than_equal": lambda subject, context: (
        f"{subject} is too small", f"write at least {context['ge']}"),
    "less_than_equal": lambda subject, context: (
        f"{subject} is too large", f"write at most {context['le']}"),
    "too_short": lambda subject, context: (
        f"{subject} has too few items".lstrip(), f"write at least {context['min_length']}"),
    "too_long": lambda subject, context: (
        f"{subject} has too many items".lstrip(), f"write at most {context['max_length']}"),
}  # fmt: skip


def shown_value(path: PathInDocument, written: Any) -> str:
    """A scalar as written, to begin a sentence with; nothing for lists and mappings."""
    if isinstance(written, dict | list):
        return ""
    if path and path[-1] in _HIDDEN:
        return "the value"
    return f"the value of {shown(written)}" if has_reference(written) else shown(written)


def _shown_type(written: Any) -> str:
    names: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number with a fraction"),
        (str, "text"),
        (list, "a list"),
        (dict, "a mapping"),
    )
    return next((name for kind, name in names if isinstance(written, kind)), "empty")


def fields_at(model: type[BaseModel], path: PathInDocument) -> list[str]:
    """The names, as written in YAML, of the fields of the model at `path`."""
    found: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        fields = found.model_fields.values() if found else ()
        field = next((field for field in fields if field.alias == part), None)
        found = _model_in(field.annotation) if field else None
    return [str(field.alias) for field in found.model_fields.values()] if found else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `X`, `X | None`, `list[X]`, `Annotated[…]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)
