"""One turn for a whole process: nothing in doubt is tried while others could be blamed for it."""

import asyncio
from collections.abc import Sequence

import pytest

from broker.delivery import Delivered, Delivery, Outcome
from broker.storage.rows import Checkpoint, Record
from broker.telemetry import Telemetry
from sinks.recorder import RecorderSink
from tests.scenarios.house import LoopClock
from tests.triggers.workshop import event
from triggers.caution import Alone, Turn
from triggers.ledger import Ledger
from triggers.poison import Suspects
from triggers.trials import Trials


class Bench:
    """A sink of one broker with the turn of its process; the store is always quick."""

    def __init__(self, turn: Turn, suspects: Suspects | None = None) -> None:
        self.ledger = Ledger()
        self.signals: list[str] = []
        self.has_defect = False
        telemetry = Telemetry()
        telemetry.listen(lambda name, _level, _fields: self.signals.append(name))
        self.trials = Trials(suspects or Suspects(), self.ledger, telemetry, self._commit)
        self.inner = RecorderSink(script=self._answer)
        self.alone = Alone(self.inner, turn, self.trials, LoopClock())
        self.stored: dict[str, bytes] = {}
        self.stored_at_call: list[dict[str, bytes]] = []

    def _answer(self, delivery: Delivery) -> Outcome:
        self.stored_at_call.append(dict(self.stored))
        if self.has_defect:
            raise ZeroDivisionError
        return Delivered()

    def _commit(self) -> None:
        checkpoint = self.ledger.seal(0, 0, LoopClock().now())
        for record in checkpoint.records:
            self.stored.pop(record.key, None)
            if record.value is not None:
                self.stored[record.key] = record.value
        self.trials.committed(checkpoint)

    async def deliver(self, offset: int = 7) -> Sequence[Outcome]:
        delivery = Delivery("id", "default/t", offset, 1, "deliver", event(offset))
        return await self.alone.deliver([delivery], LoopClock().monotonic() + 60.0)


@pytest.fixture
def turn() -> Turn:
    made = Turn()
    made.doubt(["default/a"])
    made.has_routed("default/a")
    return made


async def test_a_delivery_is_on_record_before_it_is_tried_and_not_after(turn: Turn) -> None:
    bench = Bench(turn)

    await bench.deliver()
    await asyncio.sleep(0.01)

    assert bench.stored_at_call == [{"poison/deliver/7/default/t": b"1"}]
    assert bench.stored == {}


async def test_poison_never_reaches_the_sink_again(turn: Turn) -> None:
    bench = Bench(turn, Suspects([("poison/deliver/7/default/t", b"3", 1)]))

    (outcome,) = await bench.deliver()

    assert bench.inner.deliveries == []
    assert getattr(outcome, "reason", None) == "poison"
    assert bench.signals == ["poison.suspected"]


async def test_a_sink_that_raises_has_survived(turn: Turn) -> None:
    bench = Bench(turn)
    bench.has_defect = True

    with pytest.raises(ZeroDivisionError):
        await bench.deliver()
    await asyncio.sleep(0.01)

    assert bench.stored == {}


async def test_deliveries_of_all_brokers_take_turns(turn: Turn) -> None:
    benches = [Bench(turn), Bench(turn)]

    async with turn.lock:
        tasks = [asyncio.ensure_future(bench.deliver()) for bench in benches]
        await asyncio.sleep(0.1)
        waiting = [bench.inner.deliveries for bench in benches]
        assert waiting == [[], []]
    await asyncio.gather(*tasks)

    assert [len(bench.inner.deliveries) for bench in benches] == [1, 1]


async def test_deliveries_wait_until_every_broker_has_routed_what_is_in_doubt() -> None:
    turn = Turn()
    turn.doubt(["default/a"])
    turn.doubt(["default/a", "default/b"])
    turn.has_routed("default/a")
    routed_by_one = turn.routed.is_set()

    turn.has_routed("default/b")

    assert (routed_by_one, turn.routed.is_set()) == (False, True)


async def test_what_is_under_way_at_a_clean_end_leaves_no_record(turn: Turn) -> None:
    bench = Bench(turn)
    await bench.trials.begin("poison/deliver/7/default/t")
    begun = dict(bench.stored)

    bench.trials.close()

    assert begun == {"poison/deliver/7/default/t": b"1"}
    assert bench.stored == {}


async def test_the_end_of_an_earlier_trial_does_not_begin_the_next_one() -> None:
    key = "poison/deliver/7/default/t"
    trials = Trials(Suspects(), Ledger(), Telemetry(), changed=lambda: None)
    begun = asyncio.ensure_future(trials.begin(key))
    await asyncio.sleep(0.1)

    trials.committed(Checkpoint(records=(Record(key, None),)))
    await asyncio.sleep(0.1)
    too_early = begun.done()
    trials.committed(Checkpoint(records=(Record(key, b"1"),)))
    await begun

    assert not too_early
