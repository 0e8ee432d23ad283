"""The naive reference with a model behind it: what a good developer adds for predictions.

Each event is sent to a model server, or predicted in the broker's own loop, and the answer is
stored as another event. It is let go by POST /resume, so that a backlog can be stored before; GET /
says how many are done.

    python -m tests.bench.reference_model PORT FILE server URL
    python -m tests.bench.reference_model PORT FILE in-loop MODEL

In the loop a call of a model keeps publishers waiting: that is only for models which take some
microseconds, as this one does.
"""

import asyncio
import sys
from typing import Any

import orjson
import uvicorn

from tests.bench.model_server import Iris
from tests.bench.reference import EMPTY, Receive, Reference, Row, Send

SERVER, IN_LOOP = "server", "in-loop"
MEASURED, CLASSIFIED = "measured", "classified"
JSON_TYPE = {"content-type": "application/json"}


class ModelReference(Reference):
    """`model` is a file, or the URL of a server of one."""

    def __init__(self, path: str, model: str, is_server: bool) -> None:
        super().__init__(path, [(MEASURED, model)])
        self._iris = None if is_server else Iris(model)
        self._is_resumed = asyncio.Event()
        self._delivered = 0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] not in ("/", "/resume"):
            await super().__call__(scope, receive, send)
            return
        if scope["path"] == "/resume":
            self._is_resumed.set()
        body = orjson.dumps({"delivered": self._delivered})
        await send({"type": "http.response.start", "status": 200, "headers": EMPTY[:0]})
        await send({"type": "http.response.body", "body": body})

    async def _deliver(self) -> None:
        await self._is_resumed.wait()
        while True:
            number, url, (attributes, data) = await self._waiting.get()
            if self._iris is not None:
                answer = self._iris.predicted(data)
            else:
                async with self._client.post(url, data=data, headers=JSON_TYPE) as answered:
                    answered.raise_for_status()
                    answer = await answered.read()
            await self._store.append([reply_of(attributes, answer)])
            self._store.end(number)
            self._delivered += 1


def reply_of(attributes: dict[str, str], answer: bytes) -> Row:
    head = {
        "specversion": "1.0",
        "id": f"{attributes['id']}-reply",
        "source": "/reference",
        "type": CLASSIFIED,
        "causeid": attributes["id"],
    }
    return head, answer


def main() -> None:
    port, path, where, model = sys.argv[1:]
    application = ModelReference(path, model, is_server=where == SERVER)
    uvicorn.run(application, port=int(port), log_level="warning", access_log=False, backlog=1024)


if __name__ == "__main__":
    main()
