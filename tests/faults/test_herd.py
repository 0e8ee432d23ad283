"""Bar 7: a sink comes back after an outage, and everything waits for it: it is not run over."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.faults.flood import Plan, flood, id_of
from tests.faults.limited_sink import LimitedSink
from tests.faults.process import Program, until
from tests.faults.world import IS_LONG, resource, write_configuration

pytestmark = pytest.mark.alone

LIMIT_PER_SECOND = 300.0
PENDING = 20_000 if IS_LONG else 5_000
BEFORE = 300
BEFORE_PER_SECOND = 150.0
DOWN_SECONDS = 60.0 if IS_LONG else 10.0
DRAIN_SECONDS_MAX = 1.5 * PENDING / LIMIT_PER_SECOND  # 25 s for 5,000
OVERLOAD_MAX_RATIO = 0.01
# What fails before the breaker opens (as many as went well in its ten seconds, and what is in
# flight), and its probes of the outage.
FAILED_MAX = BEFORE + 32 + (16 if IS_LONG else 8)


async def test_a_sink_that_comes_back_is_not_run_over(tmp_path: Path) -> None:
    program, sink = Program(tmp_path), LimitedSink(LIMIT_PER_SECOND)
    await sink.come_up()
    subscriber = {"subscriber": {"uri": sink.uri}}
    write_configuration(
        program.configuration,
        [resource("Broker", "default", {}), resource("Trigger", "t", subscriber)],
    )
    try:
        await program.start()
        assert program.ingress is not None
        port = program.ingress[1]
        seconds = BEFORE / BEFORE_PER_SECOND
        before = await flood(Plan("before", port, 1, 16, seconds, BEFORE_PER_SECOND), tmp_path)
        await until(lambda: len(sink.taken) == len(before.accepted), "it takes what comes")
        sink.go_down()
        went_down = time.monotonic()
        seconds = DOWN_SECONDS / 2
        herd = await flood(Plan("herd", port, 1, 64, seconds, PENDING / seconds), tmp_path)
        await asyncio.sleep(went_down + DOWN_SECONDS - time.monotonic())  # the outage itself
        await sink.come_up()
        wanted = {id_of("herd", number, 0) for number in herd.accepted}
        took_seconds = await until(
            lambda: wanted <= sink.taken.keys(), "all is delivered", 2 * DRAIN_SECONDS_MAX
        )
        calls, refused = sink.calls, sink.refused
        assert await program.terminate() == 0, program.last_words()
        verified, told = program.verify()
    finally:
        program.close()
        sink.go_down()

    failed = sum(attempt - 1 for attempt in sink.attempts.values())
    print(f"{len(wanted)} in {took_seconds:.1f} s, {refused} of {calls} refused, {failed} failed")
    assert len(wanted) > 0.7 * PENDING  # a busy machine lets some go unsent
    assert took_seconds < DRAIN_SECONDS_MAX
    assert refused <= OVERLOAD_MAX_RATIO * calls
    assert failed <= FAILED_MAX
    assert set(sink.taken.values()) == {1}
    assert verified == 0, told
