"""Bytes and numbers of Kafka as texts of attributes."""

import pytest

from sources.kafka.attributes import header_attribute, key_text, media_type, text_of, time_text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"customer 7", "customer 7"),
        ("größe".encode(), "größe"),
        (b"\x00\x00\x00\x05", "AAAABQ=="),  # a number: control characters are no text
        (b"\xff\xfe", "//4="),
        (b"", ""),
    ],
)
def test_bytes_are_text_where_they_can_be_and_base64_else(raw: bytes, text: str) -> None:
    assert text_of(raw) == text


def test_a_key_that_is_too_long_is_its_hash() -> None:
    long = key_text(b"k" * 2049)

    assert key_text(b"k" * 2048) == "k" * 2048
    assert long is not None
    assert long.startswith("sha256:")
    assert long != key_text(b"k" * 2050)


def test_no_key_and_an_empty_one_are_none() -> None:
    assert key_text(None) is None
    assert key_text(b"") is None


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
        (-1, None),
        (10**17, None),
    ],
)
def test_a_time_is_rfc_3339_in_utc(milliseconds: int, text: str | None) -> None:
    assert time_text(milliseconds) == text


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("trace", "kafkaheadertrace"),
        ("X-Request_ID", "kafkaheaderxrequestid"),
        ("Größe", "kafkaheadergre"),
        ("--", None),
        ("", None),
    ],
)
def test_a_header_is_an_extension_of_its_letters_and_digits(
    name: str, attribute: str | None
) -> None:
    assert header_attribute(name) == attribute


def test_a_content_type_that_is_none_is_not_taken() -> None:
    assert media_type(b"text/plain; charset=utf-8") == "text/plain; charset=utf-8"
    assert media_type(b"nonsense") is None
    assert media_type(b"text/plain\r\nx: y") is None
