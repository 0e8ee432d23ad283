"""What is done every so often, whatever comes: watchdog, progress, retention."""

import asyncio

from deploy.running import Running

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


KEEPING = (watch, note_progress)
