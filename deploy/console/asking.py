"""What pages ask: routes of the admin API, in this process, as whoever is signed in.

So a page can show and do nothing that its reader's token could not ask for by itself: roles,
bounds, refusals and the hiding of payload are those of the API, and there is one of each.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import Request
from starlette.types import Message, Scope

from broker.errors import HeadraceError
from deploy.access.roles import Principal, Role
from deploy.admin.hiding import hide

API = "/api/v1"
OWN = frozenset({"route", "endpoint", "path_params", "router"})  # of the page's own scope


class Refused(HeadraceError):
    """The API said no; `status` and the words are its own."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(
            problem.get("detail", "this cannot be done"),
            code=problem.get("code", "refused"),
            where=problem.get("where", ""),
            remedy=problem.get("remedy", ""),
        )
        self.status = status
        self.problem = dict(problem)


class Asking:
    """Made for one request of one reader."""

    def __init__(self, request: Request, by: Principal) -> None:
        self._request = request
        self._by = by

    async def get(self, *parts: str, **query: object) -> Any:
        """What GET answers; what is None is not asked. Raises Refused."""
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        return await self._ask("GET", parts, urlencode(asked), b"")

    async def post(self, *parts: str, **body: object) -> Any:
        """What POST of this JSON answers, done and on disk. Raises Refused."""
        said = {name: value for name, value in body.items() if value is not None}
        return await self._ask("POST", parts, "", orjson.dumps(said))

    async def _ask(self, method: str, parts: tuple[str, ...], query: str, body: bytes) -> Any:
        scope = self._scope(method, parts, query)
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        got: list[Message] = []

        async def receive() -> Message:
            return pending.pop() if pending else await self._request.receive()

        async def send(message: Message) -> None:
            got.append(message)

        await self._request.app.router(scope, receive, send)
        status = int(got[0]["status"])
        answer = orjson.loads(b"".join(message.get("body", b"") for message in got[1:]))
        if status >= 400:
            raise Refused(status, answer)
        return answer if self._by.role >= Role.VIEWER else hide(answer)

    def _scope(self, method: str, parts: tuple[str, ...], query: str) -> Scope:
        kept = {name: value for name, value in self._request.scope.items() if name not in OWN}
        raw_path = f"{API}/{'/'.join(quote(part, safe='') for part in parts)}"
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        return {
            **kept,
            "method": method,
            "path": f"{API}/{'/'.join(parts)}",
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "state": {
                "principal": self._by,
                "session": getattr(self._request.state, "session", None),
            },
        }
