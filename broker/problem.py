"""Errors as HTTP answers: `application/problem+json` (RFC 9457), for people and machines."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import orjson

from broker.errors import (
    Conflict,
    Denied,
    HeadraceError,
    Invalid,
    InvalidBatch,
    StoreFull,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from broker.http_message import Answer, Header, phrase_of

PROBLEM_TYPE = "https://headrace.dev/problems/"  # followed by the code: RFC 9457 3.1.1
CONTENT_TYPE: Header = (b"content-type", b"application/problem+json")
TEXT_CHARACTERS_MAX = 1000  # of each member: what a peer sent may be quoted in it

# Codes whose status is not that of their class.
STATUS_OF_CODE: Mapping[str, int] = {
    "not-found": 404,
    "request-timeout": 408,
    "wrong-host": 421,
    "unsupported-format": 415,
    "unsupported-content-encoding": 415,
    "too-many-extensions": 431,
    "rate-limited": 429,
    "too-many-connections": 429,
}


def status_of(error: HeadraceError) -> int:
    """The HTTP status that tells `error`: by its code where that decides, else by its class."""
    if error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    if isinstance(error, InvalidBatch):
        return _status_of_batch(error)
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, Denied):
        return 401 if isinstance(error, Unauthorized) else 403
    if isinstance(error, TooLarge):
        return 413
    if isinstance(error, Invalid):
        return 400
    return 507 if isinstance(error, StoreFull) else 503


def problem_of(error: HeadraceError) -> Answer:
    """`error` as an answer; one that may pass by itself says when in Retry-After."""
    headers: list[Header] = []
    if isinstance(error, Unavailable):
        seconds = max(1, ceil(error.retry_after_seconds or 1.0))
        headers.append((b"retry-after", b"%d" % seconds))
    if isinstance(error, Unauthorized):
        headers.append((b"www-authenticate", b'Bearer realm="headrace"'))  # RFC 6750 3
    more = {"entries": _entries(error.entries)} if isinstance(error, InvalidBatch) else {}
    return problem(
        status_of(error),
        error.code,
        error.what,
        error.where,
        error.remedy,
        headers=headers,
        more=more,
    )


def problem(
    status: int,
    code: str,
    detail: str,
    where: str | None = None,
    remedy: str | None = None,
    *,
    headers: Sequence[Header] = (),
    more: Mapping[str, Any] | None = None,
) -> Answer:
    """An error that is no HeadraceError, or one already taken apart."""
    told = {
        "type": PROBLEM_TYPE + code,
        "title": phrase_of(status),
        "status": status,
        **_facts(code, detail, where, remedy),
        **(more or {}),
    }
    return Answer(status, (CONTENT_TYPE, *headers), orjson.dumps(told))


def _status_of_batch(error: InvalidBatch) -> int:
    """One other error than a conflict is the publisher's to mend first: 400 before 409."""
    conflicts = (isinstance(entry, Conflict) for _, entry in error.entries)
    return 409 if error.entries and all(conflicts) else 400


def _entries(entries: Sequence[tuple[int, HeadraceError]]) -> list[dict[str, Any]]:
    return [
        {"index": index, **_facts(error.code, error.what, error.where, error.remedy)}
        for index, error in entries
    ]


def _facts(code: str, detail: str, where: str | None, remedy: str | None) -> dict[str, str]:
    facts = {"code": code, "detail": detail, "where": where, "remedy": remedy}
    return {name: _clean(text) for name, text in facts.items() if text is not None}


def _clean(text: str) -> str:
    """`text` cut to size and fit for JSON: what it quotes may hold lone surrogates."""
    return text[:TEXT_CHARACTERS_MAX].encode("utf-8", "replace").decode()
