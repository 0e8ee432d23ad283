"""Dead letters as a file: events with the evidence beside, or a batch of CloudEvents."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from broker.codec import encode_line, encode_structured
from broker.storage.rows import DeadLetter
from deploy.admin.access import Viewer
from deploy.admin.dead_letters import Name, read_where
from deploy.admin.events import one_broker
from deploy.admin.views import dead_letter_detail
from deploy.running import Running
from triggers.where import look
from triggers.where.query import TEXT_CHARACTERS_MAX

router = APIRouter(prefix="/api/v1")

PAGE_LETTERS = 100
LETTERS_MAX = 1_000_000
Format = Literal["ndjson", "batch"]
MEDIA_TYPES: dict[Format, str] = {
    "ndjson": "application/x-ndjson",
    "batch": "application/cloudevents-batch+json",
}
ENDINGS: dict[Format, str] = {"ndjson": "ndjson", "batch": "json"}
EVENT = {"specversion": "1.0", "id": "a-17", "source": "/shop", "type": "order.placed"}
LINE = '{"event":{"specversion":"1.0","id":"a-17"},"dead_letter":{"reason":"attempts"}}'
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One line for each, or one array.",
        "content": {
            MEDIA_TYPES["ndjson"]: {"example": LINE},
            MEDIA_TYPES["batch"]: {"example": [EVENT]},
        },
    }
}


@router.get("/dead-letters/export", response_class=StreamingResponse, responses=SHOWN)
async def export(
    request: Request,
    by: Viewer,
    broker: Name = None,
    where: Annotated[str, Query(max_length=TEXT_CHARACTERS_MAX)] = "",
    format: Format = "ndjson",
) -> StreamingResponse:
    """Download those that a query matches, newest first, at most a million.

    `ndjson` has a line for each: `{"event": CloudEvent, "dead_letter": {…}}`; `batch` is a
    CloudEvents batch, without evidence. An answer that ends early was cut: it is not whole.
    """
    running: Running = request.app.state.running
    one = one_broker(running, broker)
    query = read_where(running, by, where)

    async def letters() -> AsyncIterator[DeadLetter]:
        cursor: str | None = None
        count = 0
        while True:
            page = await look(one.engine.desk, query, cursor, PAGE_LETTERS, running.clock)
            for letter in page.items:
                if count == LETTERS_MAX:
                    return
                count += 1
                yield letter
            if (cursor := page.next) is None:
                return

    written = lines(letters()) if format == "ndjson" else batch(letters())
    name = f"dead-letters.{ENDINGS[format]}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(written, media_type=MEDIA_TYPES[format], headers=headers)


async def lines(letters: AsyncIterator[DeadLetter]) -> AsyncIterator[bytes]:
    """One a line: the event with its very bytes, and all else that is known of it."""
    async for letter in letters:
        detail = dead_letter_detail(letter)
        del detail["event"]
        event = encode_line(letter.event)
        yield b'{"event":%b,"dead_letter":%b}\n' % (event, orjson.dumps(detail))


async def batch(letters: AsyncIterator[DeadLetter]) -> AsyncIterator[bytes]:
    """CloudEvents JSON format 1.0, section 4: one array."""
    before = b"["
    async for letter in letters:
        yield before + encode_structured(letter.event)
        before = b",\n"
    yield b"[]" if before == b"[" else b"]"
