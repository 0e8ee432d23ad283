"""What is done every so often, whatever comes: watchdog, progress, retention."""

import asyncio

from deploy.rates import SAMPLE_SECONDS
from deploy.reply_upkeep import age_replies
from deploy.running import Running, RunningBroker
from deploy.sources.fleet import rate_key
from deploy.standings import broker_key, seen_by

WATCH_SECONDS = 0.25
BLOCKED_SECONDS = 1.0
PROGRESS_SECONDS = 2.0
RETENTION_SECONDS = 10.0
TEND_SECONDS = 1.0
SLICE = 1_000  # triggers sampled without a pause for others


async def watch(running: Running) -> None:
    """Measure how late the loop turns; say so when it stood still."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + WATCH_SECONDS
        await asyncio.sleep(WATCH_SECONDS)
        running.loop_lag_seconds = max(0.0, loop.time() - due)
        if running.loop_lag_seconds > BLOCKED_SECONDS:
            running.telemetry.emit("loop.blocked", seconds=round(running.loop_lag_seconds, 3))


async def note_progress(running: Running) -> None:
    """Write down how far routing is, so that a restart does not read it all again."""
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        for broker in list(running.brokers.values()):
            broker.partition.note_progress()


async def retain(running: Running) -> None:
    """Forget what is past its retention; see whose backlog has grown too large."""
    while True:
        for broker in list(running.brokers.values()):
            if broker.spec.name not in running.brokers:  # a reload has closed it meanwhile
                continue
            forgotten = await broker.retention.run_once()
            if forgotten.events:
                running.telemetry.emit(
                    "log.pruned",
                    broker=broker.spec.name,
                    up_to=forgotten.up_to,
                    events=forgotten.events,
                )
            await limit_backlog(broker)
        await asyncio.sleep(RETENTION_SECONDS)


async def limit_backlog(broker: RunningBroker) -> None:
    """At `maxBacklogBytes` the oldest backlog is buried where `onFull` says so, else refused."""
    partition = broker.partition
    beyond = await broker.engine.log.offset_beyond_bytes(broker.spec.limits.backlog_bytes)
    if partition.replays is not None:
        await partition.replays.give_up(beyond)
    if partition.lowest_needed() <= beyond:
        await partition.drain()  # routing may be much farther than the disk knows
    if partition.lowest_needed() <= beyond:
        await partition.overflow(beyond)
    broker.is_backlog_full = partition.lowest_needed() <= beyond


async def sample_rates(running: Running) -> None:
    """Keep the latest minute of what came in and went out, of each trigger and broker."""
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        rates, now = running.rates, running.clock.monotonic()
        names: list[str] = []
        for broker in list(running.brokers.values()):
            counts = broker.intake.counts
            rates.sample(broker_key(broker), now, counts.accepted, 0)
            names.append(broker_key(broker))
        for count, (name, (_, lane)) in enumerate(running.lanes().items(), 1):
            rates.sample(name, now, seen_by(lane), lane.counts.ok)
            names.append(name)
            if count % SLICE == 0:
                await asyncio.sleep(0)
        for name, events in running.sources.counters().items() if running.sources else ():
            rates.sample(rate_key(name), now, events, 0)
            names.append(rate_key(name))
        rates.keep(names)


async def tend_sinks(running: Running) -> None:
    """Close what reloads have put out of use."""
    while True:
        await asyncio.sleep(TEND_SECONDS)
        if running.tend is not None:
            await running.tend()


KEEPING = (watch, note_progress, retain, sample_rates, tend_sinks, age_replies)
