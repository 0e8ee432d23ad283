"""Senders of webhooks, as they are elsewhere: they sign by other code than ours, over real HTTP."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from standardwebhooks import Webhook

from broker.http_message import Request
from sources.webhook.options import EventTemplate, Verification, WebhookOptions

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
OLD_KEY = "whsec_" + base64.b64encode(b"o" * 32).decode()
HOOK = EventTemplate("com.example.hook", "/hooks")
SIGNED = WebhookOptions(HOOK, Verification("standardWebhooks", (KEY,)))
UNSIGNED = WebhookOptions(HOOK)

Headers = Mapping[str, str]


class Answered(NamedTuple):
    status: int
    head: bytes
    body: bytes


async def post(
    port: int, path: str, headers: Headers, body: bytes, method: str = "POST"
) -> Answered:
    """One request on a connection of its own. Raises OSError where there is no answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = {"host": "here", "connection": "close", "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    try:
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        answer = await reader.read()
    finally:
        writer.close()
    if not answer:
        raise ConnectionResetError("it closed without an answer")
    told, _, rest = answer.partition(b"\r\n\r\n")
    return Answered(int(told[9:12]), told, rest)


def request(
    headers: Headers, body: bytes = b"", method: bytes = b"POST", target: bytes = b"/sources/n/s"
) -> Request:
    """A request as the server gives it to a route."""
    fields = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    made = Request(method, target, fields, 1)
    made.content_type = made.header(b"content-type")
    made.content_encoding = made.header(b"content-encoding")
    made.body = body
    return made


def standard(body: bytes, at: datetime, id: str = "msg1", key: str = KEY) -> dict[str, str]:
    """The headers of Standard Webhooks, by its own library."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(key).sign(id, at, body.decode()),
    }


def github(body: bytes, secret: str = "shared") -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}"}


def stripe(body: bytes, at: datetime, secret: str = "whsec_abc") -> dict[str, str]:
    seconds = int(at.timestamp())
    signed = f"{seconds}.{body.decode()}".encode()
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={seconds},v1={signature},v0=00"}
