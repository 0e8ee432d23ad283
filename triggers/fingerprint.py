"""Failures alike: one fingerprint for what differs only in numbers, ids and quoted values."""

import base64
import hashlib
import re

_VARIABLE = re.compile(
    r"""
    (?P<status>(?:(?<=^the[ ]sink[ ]answered[ ])|(?<=^the[ ]model[ ]answered[ ]))\d{3}\b)
  | (?P<quoted>"[^"]{0,200}"|'[^']{0,200}'|`[^`]{0,200}`)
  | (?P<uuid>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)
  | (?P<address>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\[[0-9a-f:]{2,39}\](?::\d+)?)
  | (?P<hex>\b(?:0x[0-9a-f]+|(?=[0-9a-f]*\d)[0-9a-f]{8,})\b)
  | (?P<number>[-+]?\d+(?:\.\d+)?)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MESSAGE_CHARACTERS_MAX = 500


def normalise(message: str) -> str:
    """`message` with numbers, ids, hex, addresses and quoted values replaced by `<kind>`.

    The status in "the sink answered 422" stays: it is the same in all of a group anyway.
    """
    return _VARIABLE.sub(_kind_of, message[:_MESSAGE_CHARACTERS_MAX])


def _kind_of(match: re.Match[str]) -> str:
    return match[0] if match.lastgroup == "status" else f"<{match.lastgroup}>"


def fingerprint(
    trigger: str, sink: str, outcome_class: str, status: int | None, pattern: str
) -> str:
    """16 lower-case letters and digits; `pattern` is the normalised message."""
    return _digest(trigger, sink, outcome_class, str(status), pattern)


def dead_letter_id(delivery_id: str) -> str:
    """A dead letter's id: the same each time its delivery dies."""
    return _digest("dead-letter", delivery_id)


def _digest(*parts: str) -> str:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return base64.b32encode(digest[:10]).decode().lower()
