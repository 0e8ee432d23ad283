"""Ids of replies are the Base32 that everybody else makes too."""

import hashlib
from base64 import b32encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.inference.base32 import base32_text


def by_the_standard_library(digest: bytes) -> str:
    return b32encode(digest).decode("ascii").rstrip("=").lower()


@given(st.binary(min_size=32, max_size=32))
def test_any_digest_is_written_as_by_the_standard_library(digest: bytes) -> None:
    assert base32_text(digest) == by_the_standard_library(digest)


@pytest.mark.parametrize("digest", [bytes(32), b"\xff" * 32, hashlib.sha256(b"").digest()])
def test_it_has_52_characters(digest: bytes) -> None:
    text = base32_text(digest)

    assert len(text) == 52
    assert text == by_the_standard_library(digest)
