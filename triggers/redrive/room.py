"""How much of a trigger redrives may use: a share of its slots, and never of a stopped one."""

from triggers.lane import Lane
from triggers.redrive.returning import ORDERED_PARKED_MAX

SHARE = 4  # a quarter of the trigger's slots, one at least
SLICE_LETTERS = 500
WAITING_MAX = 500  # of one job, those that wait for their next attempt among them


def share_of(lane: Lane) -> int:
    """How many deliveries may be at their first attempt at once, for all jobs together."""
    return max(1, lane.spec.calls_max // SHARE) * lane.sink.batch_limit


def room_of(lane: Lane | None, untried: int) -> int:
    """How many more may be sent to a trigger, while `untried` are at their first attempt."""
    if lane is None or lane.is_companion:
        return SLICE_LETTERS  # each is refused, and stays as it is
    if lane.is_stopped or lane.holds:
        return 0
    room = share_of(lane) - untried
    if lane.turns is not None:  # well before the desk refuses more of them
        room = min(room, ORDERED_PARKED_MAX // 2 - lane.parked_count)
    return max(0, room)
