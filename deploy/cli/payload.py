"""The data of an event as an answer of the admin API carries it, for people."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from deploy.cli.client import printable

_SHOWN_CHARACTERS_MAX = 4_096
HIDDEN = "(hidden: this role does not see payloads)"


def data_text(event: Mapping[str, Any]) -> str:
    """Text as it is, bytes as their count and beginning, `-` where there is no data."""
    if event.get("data_hidden"):
        return HIDDEN
    if event.get("data") is not None:
        return shortened(str(event["data"]))
    if event.get("data_base64") is None:
        return "-"
    try:
        content = base64.b64decode(event["data_base64"], validate=True)
    except (binascii.Error, TypeError, ValueError):
        return "(data that is no base64)"
    return f"({len(content):,} bytes, beginning {content[:32].hex(' ')}; -o json has all)"


def shortened(text: str) -> str:
    """At most 4,096 characters, safe at a terminal, and saying what was left out."""
    lines = printable(text[:_SHOWN_CHARACTERS_MAX])
    left = len(text) - _SHOWN_CHARACTERS_MAX
    return f"{lines}\n({left:,} characters more; -o json has all)" if left > 0 else lines
