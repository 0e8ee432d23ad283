"""The ingress as an ASGI application, to be mounted in one of the user's own.

The strict HTTP limits are then those of the server that runs it: headrace's own server
bounds heads, rates and peers, most others do not.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from broker.http_message import Answer, BodyPlan, Request
from broker.http_refusals import too_large
from broker.ingress import Ingress

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class IngressApp:
    """`app.mount("/events", IngressApp(ingress))` serves `POST /events/{namespace}/{broker}`."""

    def __init__(self, ingress: Ingress) -> None:
        self._ingress = ingress

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request. Raises ValueError for other kinds of connection."""
        if scope["type"] != "http":
            raise ValueError(f"the ingress speaks HTTP, not {scope['type']}")
        answer = await self._answer(_request(scope), receive)
        headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, request: Request, receive: Receive) -> Answer:
        judged = self._ingress.head(request)
        if isinstance(judged, Answer):
            return judged
        request.plan = judged
        if not await _read_body(request, judged, receive):
            return too_large(judged.body_bytes_max)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._ingress.receive(
            request, lambda answer: None if answered.done() else answered.set_result(answer)
        )
        return await answered


def _request(scope: Message) -> Request:
    path = str(scope["path"]).removeprefix(str(scope.get("root_path", "")))
    headers = [(bytes(name).lower(), bytes(value)) for name, value in scope["headers"]]
    request = Request(str(scope["method"]).encode(), path.encode(), headers, 1)
    request.content_type = request.header(b"content-type")
    request.content_encoding = request.header(b"content-encoding")
    return request


async def _read_body(request: Request, plan: BodyPlan, receive: Receive) -> bool:
    """Whether the whole body came and was short enough; reading stops at the bound."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        body += message.get("body", b"")
        if len(body) > plan.body_bytes_max:
            return False
        if not message.get("more_body", False):
            request.body = bytes(body)
            return True
