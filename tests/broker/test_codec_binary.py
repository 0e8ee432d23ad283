"""Binary mode: what headers may say, how they are read, and what is refused."""

import pytest

from broker.codec import Limits, decode_binary
from broker.codec.limits import DEFAULT_LIMITS
from broker.errors import InvalidEvent, TooLarge
from broker.event import Event

USUAL = {
    "ce-specversion": "1.0",
    "ce-id": "a-1",
    "ce-source": "/flowers/4",
    "ce-type": "com.example.flower.measured",
}


def decode(body: bytes = b"", limits: Limits = DEFAULT_LIMITS, /, **changes: str | None) -> Event:
    """Decode the usual headers, with `ce_x="…"` set or None left out."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {**USUAL, **named}
    pairs = [
        (name.encode(), value.encode("latin-1"))
        for name, value in headers.items()
        if value is not None
    ]
    return decode_binary(pairs, body, limits)


def refusal(**changes: str | None) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        decode(b"", DEFAULT_LIMITS, **changes)
    return caught.value


def test_attributes_come_from_headers_and_data_from_the_body() -> None:
    event = decode(b"\x00\xffraw", content_type="image/png", ce_subject="iris", host="here")

    assert event.attributes == {
        "specversion": "1.0",
        "id": "a-1",
        "source": "/flowers/4",
        "type": "com.example.flower.measured",
        "subject": "iris",
        "datacontenttype": "image/png",
    }
    assert event.data == b"\x00\xffraw"


def test_the_head_has_the_required_attributes_first_and_content_type_last() -> None:
    pairs = [
        (b"content-type", b"text/plain"),
        (b"ce-zone", b"north"),
        (b"ce-type", b"t"),
        (b"ce-source", b"s"),
        (b"ce-id", b"i"),
        (b"ce-specversion", b"1.0"),
    ]

    event = decode_binary(pairs, b"x", Limits())

    assert event.head == (
        b"ce-specversion: 1.0\r\nce-id: i\r\nce-source: s\r\nce-type: t\r\nce-zone: north\r\n"
        b"content-type: text/plain\r\n"
    )


@pytest.mark.parametrize(
    ("content_type", "body", "data"),
    [(None, b"", None), (None, b"x", b"x"), ("text/plain", b"", b""), ("text/plain", b"x", b"x")],
)
def test_only_an_empty_body_without_content_type_is_no_data(
    content_type: str | None, body: bytes, data: bytes | None
) -> None:
    event = decode(body, content_type=content_type)

    assert event.data == data


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_a_missing_required_attribute_is_refused(name: str) -> None:
    error = refusal(**{f"ce_{name}": None})

    assert (error.code, error.where) == ("missing-attribute", name)
    assert error.remedy is not None
    assert f"ce-{name}" in error.remedy


@pytest.mark.parametrize(
    "name", ["specversion", "id", "source", "type", "subject", "time", "dataschema"]
)
def test_an_empty_attribute_is_refused_where_the_specification_asks_for_a_value(name: str) -> None:
    error = refusal(**{f"ce_{name}": ""})

    assert (error.code, error.where) == ("empty-attribute", name)


def test_an_empty_extension_is_an_extension() -> None:
    event = decode(ce_zone="")

    assert event.attributes["zone"] == ""
    assert event.head.endswith(b"ce-zone: \r\n")


@pytest.mark.parametrize("version", ["0.3", "0.2", "1.1", "2.0", "1", "1.0 "])
def test_only_version_one_is_read(version: str) -> None:
    error = refusal(ce_specversion=version)

    assert error.code == "unsupported-specversion"


def test_version_03_is_told_what_to_change() -> None:
    error = refusal(ce_specversion="0.3")

    assert error.remedy is not None
    assert all(word in error.remedy for word in ("dataschema", "data_base64", "1.0"))


@pytest.mark.parametrize("name", ["ce-", "ce-Zone", "ce-my-zone", "ce-my_zone", "ce-zöne", "ce- a"])
def test_an_attribute_name_has_lower_case_letters_and_digits_only(name: str) -> None:
    headers = [*((n.encode(), v.encode()) for n, v in USUAL.items()), (name.encode(), b"x")]

    with pytest.raises(InvalidEvent) as caught:
        decode_binary(headers, b"", Limits())

    assert caught.value.code == "bad-name"


@pytest.mark.parametrize("name", ["ce-data", "ce-datacontenttype"])
def test_reserved_names_are_refused(name: str) -> None:
    error = refusal(**{name: "x"})

    assert error.code == "reserved-name"


@pytest.mark.parametrize("name", [b"ce-id", b"ce-zone", b"content-type"])
def test_an_attribute_that_comes_twice_is_refused(name: bytes) -> None:
    headers = [(n.encode(), v.encode()) for n, v in USUAL.items() if n.encode() != name]

    with pytest.raises(InvalidEvent) as caught:
        decode_binary([*headers, (name, b"a/b"), (name, b"a/b")], b"", Limits())

    assert (caught.value.code, caught.value.where) == ("repeated-attribute", name.decode())


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e2%82%ac", "€"),
        ("%41%62c", "Abc"),
        ("100%2525", "100%25"),
        ("a b", "a b"),
        ('"a b"', "a b"),
        (r'"say \"hi\" \\ there"', r'say "hi" \ there'),
        ('"a%20b"', "a b"),
        ("%22quoted%22", '"quoted"'),
        ('it"s', 'it"s'),
        ('""', ""),
    ],
)
def test_a_header_value_is_unquoted_and_percent_decoded_once(written: str, value: str) -> None:
    event = decode(ce_zone=written)

    assert event.attributes["zone"] == value


def test_raw_utf8_in_a_header_is_read_as_what_it_says() -> None:
    event = decode(ce_zone="Nürnberg".encode().decode("latin-1"))

    assert event.attributes["zone"] == "Nürnberg"
    assert b"ce-zone: N%C3%BCrnberg\r\n" in event.head


def test_the_head_encodes_space_quote_percent_and_all_beyond_ascii() -> None:
    event = decode(ce_zone="%22a%25 b~%C3%A9%22!")

    assert event.head.endswith(b"ce-zone: %22a%25%20b~%C3%A9%22!\r\n")


@pytest.mark.parametrize("written", ["%C0%A0", "%FF", "%ED%A0%80", "%C3", "\xe9"])
def test_bytes_that_are_no_utf8_are_refused(written: str) -> None:
    error = refusal(ce_zone=written)

    assert (error.code, error.where) == ("bad-encoding", "ce-zone")


@pytest.mark.parametrize("written", ["%", "%4", "%zz", "100% sure", "%%41"])
def test_broken_percent_encoding_is_refused(written: str) -> None:
    error = refusal(ce_zone=written)

    assert (error.code, error.where) == ("bad-encoding", "ce-zone")


@pytest.mark.parametrize("written", ['"', '"open', '"a"b', '"a\\"'])
def test_a_quote_that_does_not_close_is_refused(written: str) -> None:
    error = refusal(ce_zone=written)

    assert (error.code, error.where) == ("bad-quoting", "ce-zone")


@pytest.mark.parametrize(
    "written",
    ["%00", "%0D%0A", "%1F", "%7F", "%C2%80", "%C2%9F", "%EF%BF%BE", "%EF%B7%90", "%F4%8F%BF%BF"],
)
def test_forbidden_characters_are_found_after_decoding(written: str) -> None:
    error = refusal(ce_subject=f"a{written}b")

    assert (error.code, error.where) == ("bad-character", "subject")


@pytest.mark.parametrize("written", ["a\x00b", "a\r\nce-evil: b", "a\tb"])
def test_raw_control_characters_are_refused_wherever_they_come_from(written: str) -> None:
    error = refusal(ce_subject=written)

    assert error.code == "bad-character"


@pytest.mark.parametrize("written", ["text", "text/", "/plain", "a/b\r\nx: y", "a/b;\xe9", " a/b "])
def test_a_content_type_that_is_no_media_type_is_refused(written: str) -> None:
    error = refusal(content_type=written.encode().decode("latin-1"))

    assert error.code == "bad-datacontenttype"


def test_data_that_is_itself_an_event_is_refused() -> None:
    error = refusal(content_type="application/cloudevents+json")

    assert error.code == "bad-datacontenttype"


def test_more_extensions_than_the_limit_are_too_large() -> None:
    two = {"ce_zone": "a", "ce_row": "b", "ce_subject": "s", "ce_time": "2026-01-01T00:00:00Z"}

    accepted = decode(b"", Limits(extensions=2), **two)
    with pytest.raises(TooLarge) as caught:
        decode(b"", Limits(extensions=1), **two)

    assert accepted.attributes["zone"] == "a"
    assert caught.value.code == "too-many-extensions"


def test_a_body_beyond_the_limit_is_too_large() -> None:
    accepted = decode(b"1234", Limits(event_bytes=4))
    with pytest.raises(TooLarge) as caught:
        decode(b"12345", Limits(event_bytes=4))

    assert accepted.data == b"1234"
    assert caught.value.code == "too-large"
