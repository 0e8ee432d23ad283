"""What must hold after any fault: the store against the ledger of the world outside."""

from collections import Counter

from tests.faults.export import Export
from tests.faults.ledger import Receipt
from tests.faults.publisher import REFUND
from tests.faults.world import DESK, SELECTS, World, reply_id, wants_reply

# A crash may repeat what was in flight, and what was settled since the last checkpoint,
# which is begun 25 ms after the first of it. A busy disk takes its time to commit, twice where a
# commit was under way, and a busy machine to tell of an end.
REPEATED_SECONDS_MAX = 10.0
REPEATED_MAX = 1000 + 32
START_SECONDS_MIN = 0.1
UNCLEAN = (-9, 137, 1)


def check_world(world: World, export: Export) -> None:
    """All claims at once, after `World.finish`."""
    check_nothing_lost(world, export)
    check_no_stray(world, export)
    check_dead_letters(world, export)
    check_replies(export)
    check_sums(export)
    check_repeats(world)
    assert export.integrity == "ok"


def check_nothing_lost(world: World, export: Export) -> None:
    """What was accepted is stored, once; what is stored came to its end at its sinks."""
    stored = Counter(event.event.id for event in export.events)
    lost = world.ledger.accepted - stored.keys()
    assert not lost, f"accepted and not stored: {sorted(lost)[:9]} of {len(lost)}"
    twice = [one for one, times in stored.items() if times > 1]
    assert not twice, f"stored twice: {sorted(twice)[:9]} of {len(twice)}"
    for sink, wanted in SELECTS.items():
        missing = set(export.ids_of(wanted)) - world.ledger.finals(sink).keys()
        assert not missing, f"never at {sink}: {sorted(missing)[:9]} of {len(missing)}"


def check_no_stray(world: World, export: Export) -> None:
    """No sink saw an event that is not stored or that its trigger does not match."""
    for sink, wanted in {**SELECTS, DESK: REFUND}.items():
        seen = {receipt.id for receipt in world.ledger.receipts[sink]}
        strays = seen - set(export.ids_of(wanted))
        assert not strays, f"strays at {sink}: {sorted(strays)[:9]} of {len(strays)}"


def check_dead_letters(world: World, export: Export) -> None:
    """One dead letter for each refused event, each with its copy delivered."""
    letters = [letter.event.id for letter in export.dead_letters]
    assert len(letters) == len(set(letters))
    assert set(letters) == set(export.ids_of(REFUND))
    assert world.ledger.finals(DESK).keys() == set(letters)
    assert {letter.forwarded for letter in export.dead_letters} <= {"delivered"}
    assert {letter.status for letter in export.dead_letters} <= {422}


def check_replies(export: Export) -> None:
    """One reply for each delivery that was answered with one."""
    asked = {reply_id(one) for one in export.ids_of(SELECTS["steady"]) if wants_reply(one)}
    assert sorted(export.ids_of(SELECTS["receipts"])) == sorted(asked)


def check_sums(export: Export) -> None:
    """matched = delivered + dead, per trigger, since nothing is parked or waits any more."""
    assert not export.loaded.parked
    assert not export.loaded.waiting
    for trigger, wanted in SELECTS.items():
        pairs = len(export.ids_of(wanted))
        expected = (pairs, 0, pairs) if trigger == "refusing" else (pairs, pairs, 0)
        assert export.sums.get(trigger, (0, 0, 0)) == expected, trigger


def check_repeats(world: World) -> None:
    """Deliveries were repeated only because a process was killed, and only its last ones."""
    ends = world.program.ends
    for sink in (*SELECTS, DESK):
        repeated: Counter[int] = Counter()
        for before, again in world.ledger.repeats(sink):
            _check_repeat(sink, before, again, ends)
            repeated[before.generation] += 1
        worst = max(repeated.values(), default=0)
        assert worst <= REPEATED_MAX, f"{worst} deliveries repeated at {sink}"


def _check_repeat(
    sink: str, before: Receipt, again: Receipt, ends: dict[int, tuple[float, int]]
) -> None:
    sender = _sender_of(before, ends)
    ended_at, code = ends[sender]
    assert sender < again.generation, f"{before.id} repeated at {sink} without a fault"
    assert code in UNCLEAN, f"{before.id} repeated at {sink} after a clean end"
    assert ended_at - before.at <= REPEATED_SECONDS_MAX, (
        f"{before.id} repeated at {sink} though it ended {ended_at - before.at:.3f} s before"
    )


def _sender_of(receipt: Receipt, ends: dict[int, tuple[float, int]]) -> int:
    """The process that had sent it: what is read right after an end is still of the one before.

    A new process takes longer than that to send anything.
    """
    before = receipt.generation - 1
    if before in ends and receipt.at - ends[before][0] < START_SECONDS_MIN:
        return before
    return receipt.generation
