"""Signatures against the published examples of Amazon S3, "Signature Calculations: Examples"."""

from datetime import UTC, datetime

import pytest

from sources.s3.options import Credentials
from sources.s3.signing import path_of, query_string, signed

HOST = "examplebucket.s3.amazonaws.com"
AT = datetime(2013, 5, 24, tzinfo=UTC)
KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def signature_of(path: str, query: str, others: dict[str, str] | None = None) -> str:
    headers = signed(HOST, path, query, KEYS, "us-east-1", AT, others)
    return headers["authorization"].rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("path", "query", "others", "signature"),
    [
        (
            "/test.txt",
            (),
            {"range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "/",
            (("lifecycle", ""),),
            {},
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "/",
            (("prefix", "J"), ("max-keys", "2")),
            {},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_the_published_examples_are_signed_as_published(
    path: str, query: tuple[tuple[str, str], ...], others: dict[str, str], signature: str
) -> None:
    found = signature_of(path_of(path), query_string(query), others)

    assert found == signature


def test_a_session_token_is_sent_and_signed() -> None:
    temporary = Credentials(KEYS.access_key_id, KEYS.secret_access_key, "a-token")

    headers = signed(HOST, "/", "", temporary, "us-east-1", AT)

    assert headers["x-amz-security-token"] == "a-token"
    assert "x-amz-security-token" in headers["authorization"]


def test_a_query_is_escaped_but_for_unreserved_characters_and_sorted_as_escaped() -> None:
    query = [("prefix", "a b/ü+~"), ("events", "s3:b"), ("events", "s3:a")]

    text = query_string(query)

    assert text == "events=s3%3Aa&events=s3%3Ab&prefix=a%20b%2F%C3%BC%2B~"


def test_no_secret_is_in_what_is_shown_of_credentials() -> None:
    shown = repr(Credentials("the-key", "the-secret", "the-token"))

    assert "the-key" in shown
    assert "the-secret" not in shown
    assert "the-token" not in shown
