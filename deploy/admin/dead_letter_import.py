"""Publish what an export holds again, after looking at it: some lines at a time."""

import asyncio
from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from broker.errors import HeadraceError, StoreFailed
from broker.event import Event
from broker.storage.rows import Audit
from broker.waiting import Result
from deploy.admin.access import Operator
from deploy.admin.events import one_broker
from deploy.admin.import_lines import Lines, read_lines
from deploy.admin.shown import shown
from deploy.running import Running, RunningBroker

router = APIRouter(prefix="/api/v1")

LINES_MAX = 500
TYPES_MAX = 50
WRITE_SECONDS_MAX = 20.0
LINE = '{"event":{"specversion":"1.0","id":"a-17","source":"/shop","type":"order.placed"}}'
SHOWN = {
    "name": "morning",
    "dry_run": True,
    "events": 498,
    "bytes": 201_440,
    "by_type": {"order.placed": 498},
    "refused": 1,
    "mistakes": [{"line": 7, "code": "invalid-json", "what": "the line is no JSON object"}],
    "is_duplicate": False,
}


class Importing(BaseModel):
    """Lines of a file, the first of them with the number `first_line`.

    `name` names the import: what was published under it within the broker's dedupe window is
    known as a repeat, so that the same lines may be sent again.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "morning", "lines": [LINE]}}
    )
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    lines: Annotated[list[str], Field(min_length=1, max_length=LINES_MAX)]
    first_line: Annotated[int, Field(ge=1, lt=1 << 53)] = 1
    broker: Annotated[str | None, Field(max_length=512)] = None
    reason: Annotated[str, Field(max_length=1000)] = ""
    dry_run: bool = False


@router.post("/dead-letters/import", responses=shown(SHOWN))
async def import_lines(request: Request, by: Operator, wanted: Importing) -> dict[str, Any]:
    """Publish the events of an export to the broker again, for all its triggers.

    What is in mistake is left out, and said; with `dry_run` nothing is published. With
    `is_duplicate` all of it had been published under this name before.
    """
    running: Running = request.app.state.running
    broker = one_broker(running, wanted.broker)
    options = broker.intake.options
    found = read_lines(wanted.lines, wanted.first_line, options.limits, options.hops_max)
    is_duplicate = False
    if found.events and not wanted.dry_run:
        is_duplicate = await publish(broker, found.events, f"import/{wanted.name}")
        last = wanted.first_line + len(wanted.lines) - 1
        detail = f"{wanted.name} lines {wanted.first_line} to {last}"
        now, count = running.clock.now(), len(found.events)
        await _write(broker, Audit(now, by.name, "import", detail, count, wanted.reason))
    return {
        "name": wanted.name,
        "dry_run": wanted.dry_run,
        "is_duplicate": is_duplicate,
        **summary(found),
    }


def summary(found: Lines) -> dict[str, Any]:
    types = Counter(event.type for event in found.events).most_common(TYPES_MAX)
    return {
        "events": len(found.events),
        "bytes": sum(event.size_bytes for event in found.events),
        "by_type": dict(types),
        "refused": found.refused,
        "mistakes": [
            {"line": one.line, "code": one.error.code, "what": one.error.what}
            for one in found.mistakes
        ],
    }


async def publish(broker: RunningBroker, events: tuple[Event, ...], principal: str) -> bool:
    """Store all or nothing; gives whether all were there. Raises what the intake refuses with."""
    answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def done(result: Result) -> None:
        if not answer.done():  # whoever asked has gone
            answer.set_result(result)

    broker.intake.accept(events, done, principal)
    result = await answer
    if isinstance(result, HeadraceError):
        raise result
    return result.is_duplicate


async def _write(broker: RunningBroker, act: Audit) -> None:
    """The audit of it; the events are stored already, and stay so."""
    broker.partition.ledger.audit.append(act)
    try:
        async with asyncio.timeout(WRITE_SECONDS_MAX):
            await broker.partition.drain()
    except TimeoutError as error:
        raise StoreFailed("the store has not said that it wrote", unknown=True) from error
