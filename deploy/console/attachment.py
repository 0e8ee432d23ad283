"""Bytes of an event or an answer as a file to save: no browser shows it, whatever is in it."""

import base64
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from deploy.console.pages import PAGE_HEADERS

UNREADABLE = "application/octet-stream"


def attachment_of(view: Mapping[str, Any], name: str) -> Response:
    """`data` or `data_base64` of a view of the API; `name` is letters, digits and dashes."""
    encoded = view.get("data_base64")
    body = base64.b64decode(encoded) if encoded is not None else str(view.get("data", "")).encode()
    safe = "".join(sign for sign in name if sign.isascii() and (sign.isalnum() or sign in "-_"))
    disposition = f'attachment; filename="{safe or "data"}.bin"'
    headers = {
        **PAGE_HEADERS,
        "content-disposition": disposition,
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(body, media_type=UNREADABLE, headers=headers)
