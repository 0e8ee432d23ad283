"""The verbs on triggers: pause, resume, seek, remove. Each is audited, and done when it answers."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from broker.errors import Invalid
from deploy.admin.access import Operator
from deploy.admin.listings import lane_of
from deploy.admin.shown import shown
from deploy.running import Running, RunningBroker
from triggers.lane import Lane

router = APIRouter(prefix="/api/v1/triggers/{namespace}/{name}")

OFFSET_MAX = (1 << 62) - 1
REASON_CHARACTERS_MAX = 1_000


class Why(BaseModel):
    """What every verb may be told: the reason, kept in the audit."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(default="", max_length=REASON_CHARACTERS_MAX)


class Seek(Why):
    """`to` is latest, earliest, an RFC 3339 time or an offset; with `preview` nothing is done."""

    to: str | int = Field(examples=["latest", 1204, "2026-03-01T09:30:00Z"])
    preview: bool = False


class Remove(Why):
    """Where the rest of a removed trigger goes; `reason` is needed."""

    how: Literal["dead-letter", "discard"]
    reason: str = Field(min_length=1, max_length=REASON_CHARACTERS_MAX)


@router.post(
    "/pause", responses=shown({"trigger": "default/classify", "paused": True, "changed": True})
)
async def pause(
    request: Request, by: Operator, namespace: str, name: str, body: Why
) -> dict[str, Any]:
    """Begin no more calls of a trigger; those in flight end. It keeps its place.

    It stays paused over restarts and reloads, until it is resumed or its YAML's `paused`
    changes. `changed` is false where it was paused already.
    """
    broker, lane = _found(request, namespace, name)
    changed = await broker.partition.steering.pause(lane.name, by.name, body.reason)
    return {"trigger": lane.name, "paused": True, "changed": changed}


@router.post(
    "/resume", responses=shown({"trigger": "default/classify", "paused": False, "changed": True})
)
async def resume(
    request: Request, by: Operator, namespace: str, name: str, body: Why
) -> dict[str, Any]:
    """Begin calls of a trigger again. `changed` is false where it was not paused."""
    broker, lane = _found(request, namespace, name)
    changed = await broker.partition.steering.resume(lane.name, by.name, body.reason)
    return {"trigger": lane.name, "paused": False, "changed": changed}


@router.post(
    "/seek",
    responses=shown(
        {
            "trigger": "default/classify",
            "from": 1201,
            "position": 1205,
            "events": 4,
            "direction": "skip",
            "clamped": False,
            "done": True,
            "changed": True,
            "discarded": 3,
            "revision": 2,
        }
    ),
)
async def seek(
    request: Request, by: Operator, namespace: str, name: str, body: Seek
) -> dict[str, Any]:
    """Choose which stored event a trigger delivers next; parked and dead ones stay.

    `events` are the stored ones in between, matching or not: skipped, or delivered again.
    `discarded` are those skipped that matched.
    """
    broker, lane = _found(request, namespace, name)
    position = await offset_asked(broker, body.to)
    now_at = next_offset(broker, lane)
    told = {"trigger": lane.name, "from": now_at, **_way(broker, now_at, position)}
    if body.preview:
        return {**told, "done": False}
    sought = await broker.partition.steering.seek(lane.name, position, by.name, body.reason)
    return {
        **told,
        **_way(broker, now_at, sought.position),
        "clamped": sought.is_clamped,
        "done": True,
        "changed": sought.is_changed,
        "discarded": sought.skipped,
        "revision": sought.revision,
    }


@router.post(
    "/remove", responses=shown({"trigger": "default/classify", "how": "dead-letter", "count": 1204})
)
async def remove(
    request: Request, by: Operator, namespace: str, name: str, body: Remove
) -> dict[str, Any]:
    """End what a trigger that the configuration no longer names still has to deliver.

    Its backlog and its parked deliveries become dead letters (reason `operator`), or are
    discarded and counted. `count` is 0 where nothing was left.
    """
    running: Running = request.app.state.running
    full = f"{namespace}/{name}"
    count = 0
    for broker in _brokers_of(running, full):
        ended = await broker.partition.steering.end(full, body.how, by.name, body.reason)
        count += ended.count
    return {"trigger": full, "how": body.how, "count": count}


def _brokers_of(running: Running, trigger: str) -> list[RunningBroker]:
    """Where it runs; of one that has ended already, any that knows its name."""
    found = [one for one in running.brokers.values() if trigger in one.partition.lanes]
    if found:
        return found
    known = [one for one in running.brokers.values() if one.partition.revisions.of(trigger)]
    return known or [lane_of(running, trigger)[0]]


def _found(request: Request, namespace: str, name: str) -> tuple[RunningBroker, Lane]:
    return lane_of(request.app.state.running, f"{namespace}/{name}")


async def offset_asked(broker: RunningBroker, to: str | int) -> int:
    """The offset that `to` means in this broker's log. Raises Invalid."""
    steering = broker.partition.steering
    if to in ("latest", "earliest"):
        return await steering.offset_of("latest" if to == "latest" else "earliest")
    text = str(to)
    if text.isascii() and text.isdecimal() and 0 < int(text[:20]) <= OFFSET_MAX:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or isinstance(to, int):
        raise Invalid(
            f"{text[:64]!r} is no place in the log",
            code="bad-parameter",
            where="to",
            remedy="write latest, earliest, an offset from 1, or a time such as "
            "2026-03-01T09:30:00Z",
        )
    return await steering.offset_of(moment)


def next_offset(broker: RunningBroker, lane: Lane) -> int:
    """The lowest offset that the trigger has not settled."""
    if lane.is_following_idle:
        return broker.partition.router.routed + 1
    return lane.cursor().offset + 1


def _way(broker: RunningBroker, now_at: int, position: int) -> dict[str, Any]:
    """Which way it goes, and how many stored events lie in between."""
    position = min(position, broker.partition.router.routed + 1)
    direction = "stay" if position == now_at else "skip" if position > now_at else "again"
    return {"position": position, "events": abs(position - now_at), "direction": direction}
