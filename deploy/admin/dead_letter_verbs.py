"""What is done with dead letters: redrive, discard, restore; by ids, by query, by group.

With a query or a group the caller says how many it expects: what is done is then what was
counted, or nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from broker.errors import Conflict, StoreFailed
from broker.storage.desk import Condition, Term
from broker.storage.rows import DeadState
from deploy.admin.access import Operator, Principal
from deploy.admin.dead_letters import read_where
from deploy.admin.events import one_broker
from deploy.running import Running, RunningBroker
from triggers.redrive import SLICE_LETTERS, WHY, Acted, LetterDesk, Refused
from triggers.where import EVERYTHING, collect, count
from triggers.where.query import TEXT_CHARACTERS_MAX

router = APIRouter(prefix="/api/v1")

COUNT_MAX = 10_000
STATE_OF_VERB = {
    "redrive": DeadState.DEAD,
    "discard": DeadState.DEAD,
    "restore": DeadState.DISCARDED,
}
Verb = Literal["redrive", "discard", "restore"]
Act = Callable[[LetterDesk, Sequence[str]], Awaitable[Acted]]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]
WhereText = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)]
BrokerName = Annotated[str | None, Field(max_length=512)]


class Choice(BaseModel):
    """One of `ids`, `where` and `group`; with the latter two also how many that are."""

    model_config = ConfigDict(extra="forbid")
    ids: Annotated[list[Id] | None, Field(min_length=1, max_length=SLICE_LETTERS)] = None
    where: WhereText | None = None
    group: Id | None = None
    count: Annotated[int | None, Field(ge=0, le=COUNT_MAX)] = None
    broker: BrokerName = None

    @model_validator(mode="after")
    def choose_one(self) -> Self:
        given = [one for one in (self.ids, self.where, self.group) if one is not None]
        if len(given) != 1:
            raise ValueError("say one of ids, where and group")
        if (self.ids is None) != (self.count is not None):
            raise ValueError("where and group need a count, and ids none")
        return self


class Chosen(Choice):
    """Which, and why for the audit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"ids": ["3nq6u7a2w4c5d6e7"], "reason": "model is back"}},
    )
    reason: Annotated[str, Field(max_length=1000)] = ""


class Unwanted(Choice):
    """Which, and why: nobody discards without saying so."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"where": "reason = 'age'", "count": 41, "reason": "sent by hand"}
        },
    )
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class Asked(BaseModel):
    """Ids."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"ids": ["3nq6u7a2w4c5d6e7"]}}
    )
    ids: Annotated[list[Id], Field(max_length=SLICE_LETTERS)]


class Counting(BaseModel):
    """What is to be counted; with a verb, only those that it would change."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"where": "dead_at > ago('PT1H')", "verb": "redrive"}},
    )
    where: Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)] = ""
    group: Id | None = None
    verb: Verb | None = None
    broker: BrokerName = None


@router.post("/dead-letters/redrive")
async def redrive(request: Request, by: Operator, chosen: Chosen) -> dict[str, Any]:
    """Deliver them again, each to its trigger: it leaves the desk with the sink's 2xx.

    One whose reply was refused, or whose answer was lost, makes its call a second time.
    """

    def act(desk: LetterDesk, ids: Sequence[str]) -> Awaitable[Acted]:
        return desk.redrive(ids, by.name, chosen.reason)

    return await _act(request, by, "redrive", chosen, act)


@router.post("/dead-letters/discard")
async def discard(request: Request, by: Operator, chosen: Unwanted) -> dict[str, Any]:
    """Put them in the bin, from which they can be restored for seven days."""

    def act(desk: LetterDesk, ids: Sequence[str]) -> Awaitable[Acted]:
        return desk.discard(ids, by.name, chosen.reason)

    return await _act(request, by, "discard", chosen, act)


@router.post("/dead-letters/restore")
async def restore(request: Request, by: Operator, chosen: Chosen) -> dict[str, Any]:
    """Take discarded ones out of the bin again."""

    def act(desk: LetterDesk, ids: Sequence[str]) -> Awaitable[Acted]:
        return desk.restore(ids, by.name, chosen.reason)

    return await _act(request, by, "restore", chosen, act)


@router.post("/dead-letters/count")
async def counted(request: Request, by: Operator, wanted: Counting) -> dict[str, Any]:
    """Count those that a query matches, by trigger, reason and group; changes nothing."""
    running: Running = request.app.state.running
    desk = one_broker(running, wanted.broker).engine.desk
    query = read_where(running, by, wanted.where)
    more = _more(wanted.group, wanted.verb)
    found = await count(desk, query, more, running.clock)
    return {
        "count": found.count,
        "is_complete": found.is_complete,
        "by_trigger": found.by_trigger,
        "by_reason": found.by_reason,
        "by_group": found.by_group,
    }


@router.post("/dead-letters/states")
async def states(request: Request, by: Operator, asked: Asked) -> dict[str, Any]:
    """Say the state of each, to follow a redrive; those that are gone are left out."""
    found: dict[str, str] = {}
    for one in request.app.state.running.brokers.values():
        kept = await one.engine.desk.states(asked.ids)
        found |= {letter: state.value for letter, state in kept.items()}
    return {"states": found}


def _more(group: str | None, verb: Verb | None) -> Condition:
    in_group = () if group is None else (Term("group", "=", group),)
    in_state = () if verb is None else (Term("state", "=", STATE_OF_VERB[verb].value),)
    return (*in_group, *in_state)


async def _act(
    request: Request, by: Principal, verb: Verb, chosen: Choice, act: Act
) -> dict[str, Any]:
    running: Running = request.app.state.running
    moved: list[str] = []
    refused: list[Refused] = []
    for broker, ids in await _choose(running, by, verb, chosen):
        if broker.failure is not None or broker.partition.desk is None:
            what = f"broker {broker.spec.name} has stopped: {broker.failure}"
            raise StoreFailed(what, remedy="ask again when headrace has restarted")
        acted = await act(broker.partition.desk, ids)
        moved += acted.moved
        refused += acted.refused
    missing = set(chosen.ids or ()) - {*moved, *(one.id for one in refused)}
    refused += [Refused(one, "unknown") for one in sorted(missing)]
    return {
        "count": len(moved),
        "moved": moved,
        "refused": [{"id": one.id, "why": one.why, "text": WHY[one.why]} for one in refused],
    }


async def _choose(
    running: Running, by: Principal, verb: Verb, chosen: Choice
) -> list[tuple[RunningBroker, list[str]]]:
    """The ids that are meant, by the broker that keeps them."""
    if chosen.ids is not None:
        brokers = (
            running.brokers.values()
            if chosen.broker is None
            else [one_broker(running, chosen.broker)]
        )
        kept = [(one, list(await one.engine.desk.states(chosen.ids))) for one in brokers]
        return [(one, ids) for one, ids in kept if ids]
    one = one_broker(running, chosen.broker)
    query = EVERYTHING if chosen.where is None else read_where(running, by, chosen.where)
    limit = (chosen.count or 0) + 1
    ids = await collect(one.engine.desk, query, _more(chosen.group, verb), limit, running.clock)
    if len(ids) != chosen.count:
        found = f"at least {len(ids)}" if len(ids) == limit else str(len(ids))
        raise Conflict(
            f"{found} can be changed so now, not {chosen.count}",
            code="count-differs",
            where="count",
            remedy="count them again, and say that number",
        )
    return [(one, ids)] if ids else []
