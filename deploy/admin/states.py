"""What listings show of brokers, triggers and sinks: plain values from what is running."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from broker.storage.desk import Term
from broker.storage.rows import Sizes
from deploy.admin.views import when
from deploy.rates import LONG_SECONDS, SHORT_SECONDS
from deploy.running import Running, RunningBroker
from deploy.standings import broker_key, lane_backlog
from sinks.target import Target
from triggers.lane import Lane

EXPIRING_HOURS = 24
COUNTED_MAX = 10_000  # dead letters about to expire; beyond, the count says "at least"


@dataclass(frozen=True, slots=True)
class Facts:
    """What only the store knows of the triggers of one broker."""

    dead: Mapping[str, int]
    oldest: Mapping[str, datetime]


async def facts_of(broker: RunningBroker, lanes: Sequence[Lane]) -> Facts:
    """Facts about `lanes` of `broker`, in a few readings, however many lanes there are."""
    dead = await broker.engine.desk.totals()
    routed = broker.partition.router.routed
    oldest: dict[str, datetime] = {}
    asked: dict[str, int] = {}
    for lane in lanes:
        offset = 0 if lane.is_following_idle else lane.cursor().offset + 1
        if lane.queue and lane.queue[0].offset == offset:
            oldest[lane.name] = lane.queue[0].stored_at
        elif 0 < offset <= routed:
            asked[lane.name] = offset
    if asked:
        times = await broker.engine.log.stored_times(sorted(set(asked.values())))
        oldest |= {name: times[offset] for name, offset in asked.items() if offset in times}
    return Facts(dead, oldest)


def lane_state(lane: Lane) -> str:
    if lane.is_removing:
        return "removing"
    if lane.is_paused:
        return "paused"
    return "following" if lane.is_following else "behind"


def rates_of(running: Running, name: str) -> dict[str, Any]:
    """Events a second that reached it and that were delivered, over 10 s and over 60 s."""
    short = running.rates.per_second(name, SHORT_SECONDS)
    long = running.rates.per_second(name, LONG_SECONDS)
    return {
        "in_10s": None if short is None else round(short[0], 2),
        "out_10s": None if short is None else round(short[1], 2),
        "in_60s": None if long is None else round(long[0], 2),
        "out_60s": None if long is None else round(long[1], 2),
    }


def trigger_view(
    running: Running, broker: RunningBroker, lane: Lane, facts: Facts
) -> dict[str, Any]:
    errors = lane.counts.last_errors
    latest = max(errors.items(), key=lambda item: item[1][2], default=None)
    return {
        "name": lane.name,
        "broker": broker.spec.name,
        "state": lane_state(lane),
        "backlog": lane_backlog(broker, lane),
        "oldest_stored_at": when(facts.oldest.get(lane.name)),
        "rates": rates_of(running, lane.name),
        "in_flight": lane.in_flight_deliveries,
        "parked": lane.parked_count,
        "waiting": lane.turns.rows if lane.turns else 0,
        "dead": facts.dead.get(lane.name, 0),
        "delivered": lane.totals.delivered,
        "matched": lane.totals.matched,
        "sink": lane.sink.name,
        "sink_state": lane.target.state.value,
        "last_error": None if latest is None else f"{latest[0]}: {latest[1][1]}",
    }


async def trigger_detail(running: Running, broker: RunningBroker, lane: Lane) -> dict[str, Any]:
    """All there is to know of one trigger."""
    number, from_offset, _ = lane.revisions[-1]
    now = running.clock.now()
    oldest = (facts := await facts_of(broker, [lane])).oldest.get(lane.name)
    copies = lane.companion
    return {
        **trigger_view(running, broker, lane, facts),
        "oldest_age_seconds": None if oldest is None else round((now - oldest).total_seconds(), 3),
        "discarded": lane.totals.discarded,
        "redelivered": lane.totals.redelivered,
        "expiring_24h": (await expiring(broker, [lane.name], now)).get(lane.name, 0),
        "paused": lane.is_paused,
        "pause": pause_view(lane),
        "revision": number,
        "from_offset": from_offset,
        "cursor": lane.cursor().offset,
        "position": lane.position,
        "routed": broker.partition.router.routed,
        "copies_parked": 0 if copies is None else copies.parked_count,
        "next_due_at": when(lane.next_due_at),
        "target": target_view(running, lane.target),
        "spec": lane.spec.document,
        "last_errors": {
            name: {"count": count, "message": message, "at": when(at)}
            for name, (count, message, at) in lane.counts.last_errors.items()
        },
    }


def without_words(view: dict[str, Any]) -> dict[str, Any]:
    """`view` without what sinks said: their messages quote their answers."""
    told = dict(view)
    if told.get("last_error") is not None:
        told["last_error"] = told["last_error"].partition(":")[0]
    errors = told.get("last_errors")
    if isinstance(errors, dict):
        told["last_errors"] = {name: {**one, "message": None} for name, one in errors.items()}
    elif errors is not None:
        told["last_errors"] = [{**one, "message": None} for one in errors]
    return told


def pause_view(lane: Lane) -> dict[str, Any] | None:
    """Since when it is paused, by whom and why; None where it is not."""
    if not lane.is_paused:
        return None
    state = lane.trigger_state
    if not state.paused:
        return {"by": "configuration", "since": None, "reason": "spec.paused"}
    return {"by": state.by, "since": when(state.since), "reason": state.reason}


async def expiring(broker: RunningBroker, names: Iterable[str], now: datetime) -> dict[str, int]:
    """Of each trigger its dead letters that are forgotten within a day, counted up to 10,000.

    Mostly there are none of the whole broker, which is one short look.
    """
    kept = timedelta(seconds=broker.spec.dead_letters.age_seconds)
    before = now - kept + timedelta(hours=EXPIRING_HOURS)
    desk = broker.engine.desk
    if not await desk.dead_before(before, 1):
        return {}
    soon = (Term("state", "=", "dead"), Term("dead_at", "<", before))
    return {
        name: await desk.count((Term("trigger", "=", name), *soon), COUNTED_MAX) for name in names
    }


def target_view(running: Running, target: Target) -> dict[str, Any]:
    """The breaker of an endpoint: until when nothing is sent, and how fast while it ramps up."""
    held_seconds = target.held_seconds(running.clock.monotonic())
    rate = target.rate_per_second
    return {
        "name": target.name,
        "state": target.state.value,
        "held_seconds": round(held_seconds, 3),
        "held_until": when(running.clock.now() + timedelta(seconds=held_seconds))
        if held_seconds
        else None,
        "rate_per_second": round(rate, 1) if rate < float("inf") else None,
    }


def broker_view(running: Running, broker: RunningBroker, sizes: Sizes, dead: int) -> dict[str, Any]:
    counts = broker.intake.counts
    lanes = broker.partition.lanes.values()
    rates = rates_of(running, broker_key(broker))
    return {
        "name": broker.spec.name,
        "state": "failed" if broker.failure else "full" if broker.is_backlog_full else "ready",
        "failure": broker.failure,
        "events": sizes.events,
        "log_bytes": sizes.log_bytes,
        "file_bytes": sizes.file_bytes,
        "backlog": max((lane_backlog(broker, lane) for lane in lanes), default=0),
        "oldest_stored_at": when(sizes.oldest_stored_at),
        "rates": {"in_10s": rates["in_10s"], "in_60s": rates["in_60s"]},
        "accepted": counts.accepted,
        "duplicates": counts.duplicates,
        "refused": sum(counts.refused.values()),
        "dead_letters": dead,
    }


async def broker_detail(running: Running, broker: RunningBroker) -> dict[str, Any]:
    """All there is to know of one broker."""
    dead = await broker.engine.desk.totals()
    view = broker_view(running, broker, await broker.engine.log.sizes(), sum(dead.values()))
    written = running.configuration.written.get(("Broker", broker.spec.name))
    return {
        **view,
        "routed": broker.partition.router.routed,
        "needed_from": broker.partition.lowest_needed(),
        "refused_by_code": dict(sorted(broker.intake.counts.refused.items())),
        "waiting_for_commit": broker.intake.room.waiting_events,
        "triggers": sorted(
            lane.name for lane in broker.partition.lanes.values() if not lane.is_companion
        ),
        "spec": None if written is None else dict(written.value),
    }


def sink_view(name: str, target: Target, lanes: Sequence[Lane]) -> dict[str, Any]:
    return {
        "name": name,
        "state": target.state.value,
        "in_flight": sum(lane.in_flight_deliveries for lane in lanes),
        "failures": sum(count for lane in lanes for count in lane.counts.by_class.values()),
        "triggers": sorted({lane.spec.name for lane in lanes}),
    }


def sink_detail(
    running: Running, name: str, target: Target, lanes: Sequence[Lane]
) -> dict[str, Any]:
    """All there is to know of one sink: its breaker, who sends to it, how that fails."""
    failures: dict[str, int] = {}
    for lane in lanes:
        for kind, count in lane.counts.by_class.items():
            failures[kind] = failures.get(kind, 0) + count
    latest = [
        {"trigger": lane.name, "class": kind, "message": message, "at": when(at), "count": count}
        for lane in lanes
        for kind, (count, message, at) in lane.counts.last_errors.items()
    ]
    return {
        **sink_view(name, target, lanes),
        "target": target_view(running, target),
        "delivered": sum(lane.counts.ok for lane in lanes),
        "parked": sum(lane.parked_count for lane in lanes),
        "failures_by_class": failures,
        "last_errors": sorted(latest, key=lambda one: str(one["at"]), reverse=True),
    }
