"""Publish what an export holds again, after looking at it: a slice of its lines at a time."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from broker.dedupe import key_of
from broker.errors import Conflict, HeadraceError, StoreFailed
from broker.event import Event
from broker.storage.desk import Term
from broker.storage.rows import Audit, DeadState
from broker.waiting import Result
from deploy.admin.access import Operator, Principal, check_recent
from deploy.admin.events import one_broker
from deploy.admin.import_lines import Lines, read_lines
from deploy.admin.import_plan import ImportPlan, Published, Standing
from deploy.admin.import_view import IMPORT, import_view
from deploy.admin.imports import Imports
from deploy.admin.naming import BrokerName
from deploy.admin.shown import shown
from deploy.admin.writing import check_writes
from deploy.running import Running, RunningBroker

router = APIRouter(prefix="/api/v1")

LINES_MAX = 500
SAMPLED = 20  # events of a plan that are looked for in the log
IDS_ASKED = 100  # of events, in one question to the desk
DEAD_COUNTED_MAX = 10_000
WRITE_SECONDS_MAX = 20.0
IMPORT_ID = r"^[a-z0-9-]{1,40}$"
ImportId = Annotated[str, Path(pattern=IMPORT_ID)]
LINE = '{"event":{"specversion":"1.0","id":"a-17","source":"/shop","type":"order.placed"}}'


class Slice(BaseModel):
    """Lines of a file, the first of them with the number `first_line`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"lines": [LINE]}})
    lines: Annotated[list[str], Field(min_length=1, max_length=LINES_MAX)]
    first_line: Annotated[int, Field(ge=1, lt=1 << 53)] = 1


class Looking(Slice):
    """A slice to look at: the first of a file, or with `plan` the next of it."""

    plan: Annotated[str | None, Field(pattern=IMPORT_ID)] = None
    broker: BrokerName = None


class Publishing(Slice):
    """A slice that was looked at, and why it is published, for the audit."""

    reason: Annotated[str, Field(max_length=1000)] = ""


@router.post("/dead-letters/imports", responses=shown(IMPORT))
async def look(request: Request, by: Operator, wanted: Looking) -> dict[str, Any]:
    """Look at lines of an export, or at one event a line, and publish nothing.

    The slices of a file are looked at in their order, each with the `id` of the first answer
    as `plan`; one that was looked at before changes nothing.
    """
    running: Running = request.app.state.running
    imports = imports_of(request)
    async with imports.one_at_a_time:
        if wanted.plan is None:
            plan = imports.begin(one_broker(running, wanted.broker).spec.name, by.name)
        else:
            plan = imports.find(wanted.plan)
        if not plan.has(wanted.first_line, wanted.lines):
            plan.check_next(wanted.first_line)
            broker = one_broker(running, plan.broker)
            found = _read(broker, wanted)
            standing = await standing_of(broker, found.events, SAMPLED - plan.standing.sampled)
            plan = plan.looked(wanted.first_line, wanted.lines, found, standing)
            plan = replace(plan, is_repeat=is_repeat(broker, plan.principal, found.events))
        return import_view(imports.put(plan))


@router.get("/dead-letters/imports/{id}", responses=shown(IMPORT))
async def show(request: Request, by: Operator, id: ImportId) -> dict[str, Any]:
    """Show what the lines come to that were looked at, and what was published of them."""
    return import_view(imports_of(request).find(id))


@router.post(
    "/dead-letters/imports/{id}/act",
    responses=shown(
        {
            "plan": {**IMPORT, "acted_at": "2026-03-01T09:31:00.000Z", "published": 498},
            "events": 498,
            "is_new": True,
            "is_duplicate": False,
        }
    ),
)
async def act(request: Request, by: Operator, id: ImportId, wanted: Publishing) -> dict[str, Any]:
    """Publish a slice that was looked at to the broker again, for all its triggers.

    What is in mistake is left out. Asked again it publishes nothing new and answers the same;
    so does the same file in another import within the broker's dedupe window: then
    `is_duplicate` says that all of the slice had been published before.
    """
    imports = imports_of(request)
    check_recent(request)
    async with imports.one_at_a_time:
        plan = imports.find(id)
        if not plan.has(wanted.first_line, wanted.lines):
            raise Conflict(
                f"these are not the lines that import {id} is about",
                code="lines-differ",
                where="lines",
                remedy="look at the file again: it may have changed since",
            )
        is_new = wanted.first_line not in plan.done
        if is_new:
            plan = imports.put(await _publish(request, imports, plan, by, wanted))
        done = plan.done[wanted.first_line]
        return {
            "plan": import_view(plan),
            "events": done.events,
            "is_new": is_new,
            "is_duplicate": done.is_duplicate,
        }


async def _publish(
    request: Request, imports: Imports, plan: ImportPlan, by: Principal, wanted: Publishing
) -> ImportPlan:
    """With the first slice the audit, which tells of the whole import."""
    running: Running = request.app.state.running
    broker = one_broker(running, plan.broker)
    check_writes(broker)
    if plan.acted_at is None:
        now = running.clock.now()
        act = Audit(now, by.name, "import", f"plan {plan.id}", plan.events, wanted.reason)
        await _write(broker, act)
        plan = imports.put(replace(plan, acted_at=now))
    events = _read(broker, wanted).events
    is_duplicate = await publish(broker, events, plan.principal) if events else False
    return plan.acted(wanted.first_line, Published(len(events), is_duplicate))


def _read(broker: RunningBroker, wanted: Slice) -> Lines:
    options = broker.intake.options
    return read_lines(wanted.lines, wanted.first_line, options.limits, options.hops_max)


def is_repeat(broker: RunningBroker, principal: str, events: tuple[Event, ...]) -> bool:
    """Whether the file that ends with `events` was published within the dedupe window."""
    recent = broker.intake.recent
    return bool(events) and recent.find(key_of(principal, events[-1])) is not None


async def standing_of(broker: RunningBroker, events: tuple[Event, ...], sampled: int) -> Standing:
    """How many dead letters there are of `events`, and how many of the first are in the log."""
    still_dead = in_log = 0
    ids = list(dict.fromkeys(event.id for event in events))
    dead = Term("state", "=", DeadState.DEAD.value)
    for start in range(0, len(ids), IDS_ASKED):
        some = Term("event_id", "in", tuple(ids[start : start + IDS_ASKED]))
        still_dead += await broker.engine.desk.count((some, dead), DEAD_COUNTED_MAX)
    for event in events[:sampled]:
        found = await broker.engine.log.find(event.id)
        in_log += any(stored.event.source == event.source for stored in found)
    return Standing(still_dead, len(events[:sampled]), in_log)


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
    """Gives back when the audit is on disk."""
    broker.partition.ledger.audit.append(act)
    try:
        async with asyncio.timeout(WRITE_SECONDS_MAX):
            await broker.partition.drain()
    except TimeoutError as error:
        raise StoreFailed("the store has not said that it wrote", unknown=True) from error


def imports_of(request: Request) -> Imports:
    found: Imports = request.app.state.imports
    return found
