"""Dead letters as a file: events with the evidence beside, or a batch of CloudEvents."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from broker.codec import encode_line, encode_structured
from broker.errors import StoreFailed
from broker.storage.desk import Desk, Term
from broker.storage.rows import DeadLetter
from deploy.admin.access import Viewer, check_recent
from deploy.admin.plans import PLAN_ID, find_plan
from deploy.admin.views import dead_letter_detail
from triggers.redrive import Plan
from triggers.redrive.checking import check_plan
from triggers.redrive.plans import Plans

router = APIRouter(prefix="/api/v1")

PAGE_LETTERS = 100
PlanName = Annotated[str, Query(pattern=PLAN_ID)]
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
    request: Request, by: Viewer, plan: PlanName, format: Format = "ndjson"
) -> StreamingResponse:
    """Download those of a plan that was made to export, as they are now.

    `ndjson` has a line for each: `{"event": CloudEvent, "dead_letter": {…}}`; `batch` is a
    CloudEvents batch, without evidence. What was forgotten since the plan was made is left
    out. An answer that ends early was cut: it is not whole.
    """
    broker, redrives, found = find_plan(request.app.state.running, plan)
    check_plan(found, plan, "export")
    check_recent(request)
    letters = read_letters(broker.engine.desk, redrives.plans, found)
    written = lines(letters) if format == "ndjson" else batch(letters)
    name = f"dead-letters-{found.id}.{ENDINGS[format]}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(written, media_type=MEDIA_TYPES[format], headers=headers)


async def read_letters(desk: Desk, plans: Plans, plan: Plan) -> AsyncIterator[DeadLetter]:
    """Those of `plan` that there are, a few in memory at a time."""
    named = 0
    async for ids in plans.pages(plan):
        named += len(ids)
        for start in range(0, len(ids), PAGE_LETTERS):
            some = (Term("id", "in", tuple(ids[start : start + PAGE_LETTERS])),)
            cursor: str | None = None
            while True:  # a page is bounded by bytes too
                page = await desk.page(some, cursor, PAGE_LETTERS)
                for letter in page.items:
                    yield letter
                if (cursor := page.next) is None:
                    break
    if named != plan.count:
        raise StoreFailed(f"plan {plan.id} was forgotten meanwhile", remedy="make it again")


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
