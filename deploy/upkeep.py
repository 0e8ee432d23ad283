"""What is done every so often, whatever comes: watchdog, progress, retention."""

import asyncio

from deploy.running import Running, RunningBroker

WATCH_SECONDS = 0.25
BLOCKED_SECONDS = 1.0
PROGRESS_SECONDS = 2.0
RETENTION_SECONDS = 10.0


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
        for broker in running.brokers.values():
            broker.partition.note_progress()


async def retain(running: Running) -> None:
    """Forget what is past its retention; see whose backlog has grown too large."""
    while True:
        for broker in running.brokers.values():
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
    if partition.lowest_needed() <= beyond:
        await partition.drain()  # routing may be much farther than the disk knows
    if partition.lowest_needed() <= beyond:
        await partition.overflow(beyond)
    broker.is_backlog_full = partition.lowest_needed() <= beyond


KEEPING = (watch, note_progress, retain)
