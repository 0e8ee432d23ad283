"""What a template finds in a request."""

import pytest

from broker.codec import Limits
from broker.errors import InvalidEvent
from sources.webhook.reading import FORM_FIELDS_MAX, VALUE_CHARACTERS_MAX, Reading
from sources.webhook.template import Place
from tests.sources.webhook.sending import request

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}


def reading(headers: dict[str, str], body: bytes, name: str = "n/s") -> Reading:
    return Reading(request(headers, body), name, Limits(), lambda: 0.5)


def pointer(body: str, path: str) -> str | None:
    return reading(JSON, body.encode()).find(Place("pointer", path))


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        ('{"a": {"b": ["x", "y"]}}', "/a/b/1", "y"),
        ('{"a/b": {"~": "z"}}', "/a~1b/~0", "z"),
        ('{"": "e"}', "/", "e"),
        ('{"n": 12345678901234567}', "/n", "12345678901234567"),
        ('{"n": 1.5}', "/n", "1.5"),
        ('{"n": true}', "/n", "true"),
        ('{"n": "\\u00e9"}', "/n", "é"),
    ],
)
def test_a_pointer_finds_texts_numbers_and_booleans(body: str, path: str, found: str) -> None:
    assert pointer(body, path) == found


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"a": 1}', "/b"),
        ('{"a": null}', "/a"),
        ('{"a": {}}', "/a"),
        ('{"a": []}', "/a"),
        ('{"a": [1]}', "/a/01"),
        ('{"a": [1]}', "/a/-1"),
        ('{"a": [1]}', "/a/1"),
        ('{"a": [1]}', "/a/²"),
        ('{"a": "b"}', "/a/0"),
        ("[]", "/0"),
        ('{"a": 123456789012345678901234567890}', "/a"),
    ],
)
def test_a_pointer_finds_nothing_where_no_value_can_be_told(body: str, path: str) -> None:
    assert pointer(body, path) is None


def test_a_value_that_is_too_long_cannot_be_used() -> None:
    fits, beyond = ("x" * (VALUE_CHARACTERS_MAX + more) for more in (0, 1))

    assert pointer(f'{{"a": "{fits}"}}', "/a") == fits
    assert pointer(f'{{"a": "{beyond}"}}', "/a") is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid-json"),
        (b'{"a": NaN}', "invalid-json"),
        (b'{"a": "\xff"}', "invalid-json"),
        (b'{"a": 1, "a": 2}', "repeated-member"),
        (b"[" * 65 + b"]" * 65, "too-deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        (b"[" + b"1," * 100_000 + b"1]", "too-many-nodes"),
    ],
)
def test_bombs_and_broken_json_are_refused_where_a_pointer_needs_it(body: bytes, code: str) -> None:
    with pytest.raises(InvalidEvent) as raised:
        reading(JSON, body).find(Place("pointer", "/a"))

    assert raised.value.code == code
    assert "binary mode" not in str(raised.value.remedy)


def test_json_is_read_whatever_it_is_called_unless_it_is_a_form() -> None:
    body = b'{"a": "b"}'

    found = [
        reading({"content-type": kind}, body).find(Place("pointer", "/a"))
        for kind in ("text/plain", "application/octet-stream", FORM["content-type"])
    ]

    assert found == ["b", "b", None]


def test_bytes_that_are_not_called_json_need_not_be_any() -> None:
    assert reading({"content-type": "image/png"}, b"\x89PNG").find(Place("pointer", "/a")) is None


def test_the_first_value_of_a_form_field_counts() -> None:
    found = reading(FORM, b"From=%2B49&MessageSid=a+b&MessageSid=c")

    assert found.find(Place("form", "MessageSid")) == "a b"
    assert found.find(Place("form", "From")) == "+49"
    assert found.find(Place("form", "To")) is None


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff=1", b"a=1&" * (FORM_FIELDS_MAX + 1)])
def test_a_form_that_is_no_text_or_too_long_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent) as raised:
        reading(FORM, body).find(Place("form", "a"))

    assert raised.value.code == "invalid-form"


def test_a_header_that_is_no_text_is_refused() -> None:
    made = request({}, b"")
    made.headers = [(b"x-id", b"\xff")]

    with pytest.raises(InvalidEvent) as raised:
        Reading(made, "n/s", Limits(), lambda: 0.5).find(Place("header", "x-id"))

    assert raised.value.code == "bad-encoding"


def test_the_body_hash_follows_from_the_body_and_the_source() -> None:
    bodies = [(b"a", "n/s"), (b"a", "n/s"), (b"b", "n/s"), (b"a", "n/t")]

    first, again, other, elsewhere = (
        reading({}, body, name).find(Place("body-hash")) for body, name in bodies
    )

    assert first == again
    assert len({first, other, elsewhere}) == 3


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999999999999, 1.0])
def test_a_random_id_has_128_bits_of_the_chance_handed_in(chance: float) -> None:
    found = Reading(request({}), "n/s", Limits(), lambda: chance).find(Place("random"))

    assert found is not None
    assert len(found) == 32
