"""Groups of dead letters: failures alike, what operators say of them, and their last day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from broker.errors import Invalid
from broker.storage.desk import HOUR_COUNTED_MAX
from deploy.admin.access import Looker, Operator, Principal
from deploy.admin.events import Limit, choose_brokers
from deploy.admin.examples import GROUP
from deploy.admin.group_ranks import Rank, Sorting, rank_of, rank_text, read_rank
from deploy.admin.naming import ID, full_name
from deploy.admin.shown import shown
from deploy.admin.views import when
from deploy.admin.writing import check_writes, not_started
from deploy.running import Running, RunningBroker
from triggers.groups import GroupDesk, GroupState, Remark, Tended
from triggers.groups.state import NOTE_CHARACTERS_MAX, OWNER_CHARACTERS_MAX

router = APIRouter(prefix="/api/v1")

GROUPS_LOOKED_MAX = 1_000  # of the latest groups, where more is asked than the latest of them
GroupId = Annotated[str, Path(pattern=ID)]
Name = Annotated[str | None, Query(max_length=512)]
Note = Annotated[str | None, Field(max_length=NOTE_CHARACTERS_MAX)]
Owner = Annotated[str | None, Field(max_length=OWNER_CHARACTERS_MAX)]


class Remarking(BaseModel):
    """A note and an owner, which stay as they are where they are left out; empty takes away."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"note": "rolled back", "owner": "ann", "reason": "fixed"}},
    )
    note: Note = None
    owner: Owner = None
    reason: Annotated[str, Field(max_length=1000)] = ""


class Noting(Remarking):
    """One of both at least."""

    @model_validator(mode="after")
    def say_something(self) -> Self:
        if self.note is None and self.owner is None:
            raise ValueError("say a note, an owner or both")
        return self


@router.get("/dead-letter-groups")
async def groups(
    request: Request,
    by: Looker,
    broker: Name = None,
    trigger: Name = None,
    state: GroupState | None = None,
    sort: Sorting = "last",
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """List failures alike, without those that count nothing now; `sort` says by what, most first.

    That is when they were last or first seen, how many are dead, or their state: open,
    acknowledged, ignored, resolved. `share` is of all dead letters of the broker, `hourly` counts
    the last 24 hours, the oldest first, each hour up to `hourly_max`. Of each broker the latest
    1,000 groups are listed.
    """
    full = None if trigger is None else full_name(trigger)
    running: Running = request.app.state.running
    is_first_page = sort == "last" and state is None and cursor is None
    looked = min(limit + 1, GROUPS_LOOKED_MAX) if is_first_page else GROUPS_LOOKED_MAX
    after = None if cursor is None else read_rank(cursor)
    ranked: list[tuple[Rank, RunningBroker, Tended]] = []
    for one in choose_brokers(running, broker):
        for group in await one.engine.desk.groups(full, looked):
            tended = desk_of(one).tended(group)
            rank = rank_of(tended, sort)
            if state in (None, tended.record.state) and (after is None or rank < after):
                ranked.append((rank, one, tended))
    ranked.sort(key=lambda found: found[0], reverse=True)
    page = ranked[:limit]
    views = await _views_by_broker([found[1:] for found in page], running.clock.now())
    items = [views[tended.group.id] for _, _, tended in page]
    return {"items": items, "next": rank_text(page[-1][0]) if len(ranked) > limit else None}


async def _views_by_broker(
    found: Sequence[tuple[RunningBroker, Tended]], now: datetime
) -> dict[str, dict[str, Any]]:
    """The views of these groups, by their ids."""
    of_broker: dict[str, list[Tended]] = {}
    brokers = {broker.spec.name: broker for broker, _ in found}
    for broker, tended in found:
        of_broker.setdefault(broker.spec.name, []).append(tended)
    views = [
        view
        for name, tended in of_broker.items()
        for view in await group_views(brokers[name], tended, now)
    ]
    return {view["id"]: view for view in views}


@router.get("/dead-letter-groups/{id}", responses=shown(GROUP))
async def group(request: Request, by: Looker, id: GroupId) -> dict[str, Any]:
    """Show one group, also where it counts nothing now."""
    running: Running = request.app.state.running
    broker, tended = await find_group(running, id)
    return (await group_views(broker, [tended], running.clock.now()))[0]


@router.post("/dead-letter-groups/{id}/acknowledge", responses=shown(GROUP))
async def acknowledge(
    request: Request, by: Operator, id: GroupId, said: Remarking
) -> dict[str, Any]:
    """Say that somebody looks after it."""
    return await _act(request, by, "acknowledge", id, said)


@router.post("/dead-letter-groups/{id}/resolve", responses=shown(GROUP))
async def resolve(request: Request, by: Operator, id: GroupId, said: Remarking) -> dict[str, Any]:
    """Say that its cause is mended: with another failure it is open again, and regressed."""
    return await _act(request, by, "resolve", id, said)


@router.post("/dead-letter-groups/{id}/ignore", responses=shown(GROUP))
async def ignore(request: Request, by: Operator, id: GroupId, said: Remarking) -> dict[str, Any]:
    """Say that nothing is to be done about it, whatever comes."""
    return await _act(request, by, "ignore", id, said)


@router.post("/dead-letter-groups/{id}/reopen", responses=shown(GROUP))
async def reopen(request: Request, by: Operator, id: GroupId, said: Remarking) -> dict[str, Any]:
    """Take back what was said of its state."""
    return await _act(request, by, "reopen", id, said)


@router.post("/dead-letter-groups/{id}/note", responses=shown(GROUP))
async def note(request: Request, by: Operator, id: GroupId, said: Noting) -> dict[str, Any]:
    """Write a note, or who owns it; its state stays."""
    return await _act(request, by, "note", id, said)


Verb = Literal["acknowledge", "resolve", "ignore", "reopen", "note"]


async def _act(
    request: Request, by: Principal, verb: Verb, id: str, said: Remarking
) -> dict[str, Any]:
    running: Running = request.app.state.running
    broker, _ = await find_group(running, id)
    check_writes(broker)
    remark = Remark(said.note, said.owner)
    tended = await desk_of(broker).act(verb, id, remark, by.name, said.reason)
    if tended is None:
        raise no_group(id)
    return (await group_views(broker, [tended], running.clock.now()))[0]


async def find_group(running: Running, id: str) -> tuple[RunningBroker, Tended]:
    """A group and the broker that has it. Raises Invalid(code="not-found")."""
    for one in running.brokers.values():
        if (tended := await desk_of(one).find(id)) is not None:
            return one, tended
    raise no_group(id)


def no_group(id: str) -> Invalid:
    return Invalid(
        f"no group {id} of dead letters",
        code="not-found",
        remedy="headrace dead-letters lists them",
    )


def desk_of(broker: RunningBroker) -> GroupDesk:
    found = broker.partition.groups
    if found is None:
        raise not_started(broker)
    return found


async def group_views(
    broker: RunningBroker, groups: Sequence[Tended], now: datetime
) -> list[dict[str, Any]]:
    """Each with its share and its last day, in a few readings."""
    desk = broker.engine.desk
    dead = sum((await desk.totals()).values())
    hourly = await desk.hourly([one.group.id for one in groups], now) if groups else {}
    return [_view(broker, one, dead, hourly[one.group.id]) for one in groups]


def _view(
    broker: RunningBroker, tended: Tended, dead: int, hourly: Sequence[int]
) -> dict[str, Any]:
    found, record = tended.group, tended.record
    return {
        "id": found.id,
        "broker": broker.spec.name,
        "trigger": found.trigger,
        "sink": found.sink,
        "class": found.outcome_class,
        "status": found.status,
        "reason": found.reason,
        "pattern": found.pattern,
        "count": found.count,
        "share": round(found.count / dead, 4) if dead else 0.0,
        "total": found.total,
        "first_at": when(found.first_at),
        "last_at": when(found.last_at),
        "example": found.example,
        "state": record.state.value,
        "is_regressed": record.is_regressed,
        "note": record.note,
        "owner": record.owner,
        "changed_at": when(record.at) if record.by else None,
        "changed_by": record.by,
        "hourly": list(hourly),
        "hourly_max": HOUR_COUNTED_MAX,
    }
