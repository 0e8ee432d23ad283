"""Texts for attributes, of what Kafka has as bytes and numbers. Pure."""

import re
from base64 import b64encode
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256

from broker.clock import EPOCH
from broker.codec.values import FORBIDDEN, is_data_type

TEXT_CHARACTERS_MAX = 2048
_OTHER_THAN_NAME = re.compile(r"[^a-z0-9]+")


def text_of(raw: bytes) -> str:
    """`raw` as an attribute can have it: as it is where it is UTF-8 without control characters.

    Else in Base64: an attribute is text, and keys may be numbers of four or eight bytes.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return b64encode(raw).decode()
    return b64encode(raw).decode() if FORBIDDEN.search(text) else text


def key_text(raw: bytes | None) -> str | None:
    """A record's key, None where it has none. A very long one by its hash, which orders as well."""
    if not raw:
        return None
    text = text_of(raw)
    if len(text) > TEXT_CHARACTERS_MAX:
        return f"sha256:{sha256(raw).hexdigest()}"
    return text


def time_text(milliseconds: int) -> str | None:
    """RFC 3339; None for no time at all, or one that no calendar has."""
    seconds, rest = divmod(milliseconds, 1000)
    second = _second_text(seconds)
    return second and f"{second}.{rest:03d}Z"


@lru_cache(maxsize=1024)  # records come by the thousand within a second
def _second_text(seconds: int) -> str | None:
    if seconds < 0:
        return None
    try:
        return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}"
    except OverflowError:
        return None


@lru_cache(maxsize=1024)
def header_attribute(name: str) -> str | None:
    """The extension for a header: letters and digits of its name, in lower case; None if none."""
    kept = _OTHER_THAN_NAME.sub("", name.lower())
    return f"kafkaheader{kept}"[:200] if kept else None


@lru_cache(maxsize=1024)
def media_type(raw: bytes) -> str | None:
    """A content type as events may have it, None where it is none."""
    text = raw[:TEXT_CHARACTERS_MAX].decode("latin-1")
    return text if is_data_type(text) else None
