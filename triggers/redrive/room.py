"""How many more redrives may send to a trigger: none while it is stopped, else by its flow."""

from triggers.lane import Lane
from triggers.redrive.desk import SLICE_LETTERS
from triggers.redrive.flow import Flow
from triggers.redrive.returning import ORDERED_PARKED_MAX

WAITING_MAX = 500  # of one job, those that wait for their next attempt among them


def room_of(lane: Lane | None, ahead: int, flow: Flow) -> int:
    """How many more may be sent to a trigger, while `ahead` have not ended their first attempt."""
    if lane is None or lane.is_companion:
        return SLICE_LETTERS  # each is refused, and stays as it is
    if lane.is_stopped or lane.holds:
        return 0
    room = flow.ahead_max(lane.redriven_max) - ahead
    if lane.turns is not None:  # well before the desk refuses more of them
        room = min(room, ORDERED_PARKED_MAX // 2 - lane.parked_count)
    return max(0, room)
