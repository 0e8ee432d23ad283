"""What a viewer without payload sees: answers without data of events and words of sinks.

Taken out in one place, behind all routes; an object that lost something says so.
"""

from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

PAYLOAD = frozenset({"data", "data_base64", "body", "body_base64"})
TAKEN = PAYLOAD | {"headers"}  # of an answer: they come with its body
# Texts about failures quote what the sink said, and that may quote the event.
QUOTING = frozenset({"message", "pattern"})
CONFIGURED = frozenset({"spec"})  # the operators' own words: nothing is taken out of them


def hide(value: Any) -> Any:
    """A JSON value without payload; quoting texts are null, so that their place stays.

    An object that had data or a body has `data_hidden`: true in their place.
    """
    if isinstance(value, list):
        return [hide(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _hidden(name, below) for name, below in value.items() if name not in TAKEN}
    return {**kept, "data_hidden": True} if PAYLOAD & value.keys() else kept


def _hidden(name: str, value: Any) -> Any:
    if name in CONFIGURED:
        return value
    if name == "last_error" and isinstance(value, str):
        return value.partition(":")[0]  # the class
    return None if name in QUOTING else hide(value)


class Hiding:
    """Between a route and the connection: holds a JSON answer back until it is whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_json(message):
            self._start = message
            return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        body = orjson.dumps(hide(orjson.loads(self._body)))
        MutableHeaders(scope=self._start)["content-length"] = str(len(body))
        await self._send(self._start)
        await self._send({**message, "body": body})


def _is_json(start: Message) -> bool:
    content_type = MutableHeaders(scope=start).get("content-type", "")
    return content_type.partition(";")[0].strip() == "application/json"
