"""What is in one request, read only as far as a template asks. Pure.

The body is never changed by it: a JSON pointer or a form field costs one parse, and a source
whose template needs neither costs none.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import blake2b
from urllib.parse import parse_qsl

from broker.codec.limits import Limits
from broker.codec.strict_json import check_depth, parse
from broker.codec.values import is_json_type
from broker.errors import InvalidEvent
from broker.http_message import Request
from sources.webhook.template import Place

VALUE_CHARACTERS_MAX = 1024
FORM_FIELDS_MAX = 1000
_EXACT_MAX = 2.0**53  # a float beyond may stand for several integers
_FORM = "application/x-www-form-urlencoded"
_MISSING = object()
_SMALLER = "send less at once, or configure a template without JSON pointers"
_REMEDIES = {"too-deep": _SMALLER, "too-many-nodes": _SMALLER}


class Reading:
    """The values of `request`, whose body is whole; raises InvalidEvent where it is no good.

    `name` is the source's own: it keeps the body hashes of two sources apart. `chance` gives
    numbers from 0 to 1.
    """

    def __init__(
        self, request: Request, name: str, limits: Limits, chance: Callable[[], float]
    ) -> None:
        self.body = request.body
        self._request = request
        self._name = name
        self._limits = limits
        self._chance = chance

    @cached_property
    def content_type(self) -> str | None:
        declared = self._request.content_type
        return None if declared is None else declared.decode("latin-1")

    def find(self, place: Place) -> str | None:
        """The text at `place`; None for nothing, null, a list, an object, or one too long."""
        value = self._find(place)
        return None if value is None or len(value) > VALUE_CHARACTERS_MAX else value

    def _find(self, place: Place) -> str | None:
        if place.kind == "pointer":
            return text_of(value_at(self._document, place.name))
        if place.kind == "header":
            return self._header(place.name)
        if place.kind == "form":
            return self._form.get(place.name)
        return self._body_hash() if place.kind == "body-hash" else self._random()

    def _header(self, name: str) -> str | None:
        value = self._request.header(name.encode())
        try:
            return None if value is None else value.decode()
        except UnicodeDecodeError as error:
            raise InvalidEvent(
                "the header is no UTF-8 text",
                code="bad-encoding",
                where=name,
                remedy="send it in ASCII or UTF-8",
            ) from error

    @cached_property
    def _document(self) -> object:
        """The body as JSON; nothing where it is of another kind and says so.

        Some senders declare JSON as text/plain, so only what is declared JSON must be JSON.
        """
        declared = self.content_type or ""
        if _essence(declared) == _FORM:
            return _MISSING
        try:
            document = parse(self.body, self._limits)
            check_depth(self.body, self._limits.json_depth)
        except InvalidEvent as error:
            if error.code == "invalid-json" and not is_json_type(declared):
                return _MISSING
            raise InvalidEvent(
                error.what,
                code=error.code,
                where=error.where or "body",
                remedy=_REMEDIES.get(error.code, error.remedy),
            ) from error
        return document

    @cached_property
    def _form(self) -> Mapping[str, str]:
        """The first value of each field of a form, nothing for a body of another kind."""
        if _essence(self.content_type or "") != _FORM:
            return {}
        try:
            fields = parse_qsl(self.body.decode(), errors="strict", max_num_fields=FORM_FIELDS_MAX)
        except ValueError as error:  # UnicodeDecodeError is one
            raise InvalidEvent(
                "the form cannot be read",
                code="invalid-form",
                where="body",
                remedy=f"send at most {FORM_FIELDS_MAX} fields, in UTF-8",
            ) from error
        return dict(reversed(fields))

    def _body_hash(self) -> str:
        name = self._name.encode()
        return blake2b(name + b"\0" + self.body, digest_size=16).hexdigest()

    def _random(self) -> str:
        return "".join(f"{int(self._chance() * 2**32) % 2**32:08x}" for _ in range(4))


def value_at(document: object, pointer: str) -> object:
    """What `pointer` (RFC 6901) finds; _MISSING, which is no JSON value, for nothing."""
    value = document
    for escaped in pointer.split("/")[1:]:
        step = escaped.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(step, _MISSING)
        elif isinstance(value, list) and _is_index(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return _MISSING
    return value


def _is_index(step: str) -> bool:
    return (
        step.isascii() and step.isdecimal() and len(step) < 10 and (step == "0" or step[0] != "0")
    )


def text_of(value: object) -> str | None:
    """A JSON text, number or boolean as an attribute's value; None for all others.

    A number too large to be told exactly is none: as an id it would name several things.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and abs(value) < _EXACT_MAX:
        return repr(value)
    return None


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
