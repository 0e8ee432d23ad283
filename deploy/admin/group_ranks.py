"""In which order groups of dead letters are listed, and where a page of them begins. Pure."""

from collections.abc import Mapping
from typing import Literal

from broker.clock import to_milliseconds
from deploy.admin.paging import bad_cursor
from triggers.groups import GroupState, Tended

Sorting = Literal["last", "first", "count", "state"]
URGENCY: Mapping[GroupState, int] = {  # of `sort=state`, the highest first
    GroupState.OPEN: 3,
    GroupState.ACKNOWLEDGED: 2,
    GroupState.IGNORED: 1,
    GroupState.RESOLVED: 0,
}
Rank = tuple[int, int, str]  # what is sorted by, when it was last seen, its id


def rank_of(tended: Tended, sort: Sorting) -> Rank:
    """Where a group stands, the highest first: among equals the one seen last, then by its id."""
    group, last = tended.group, to_milliseconds(tended.group.last_at)
    if sort == "count":
        return group.count, last, group.id
    if sort == "state":
        return URGENCY[tended.record.state], last, group.id
    return (last if sort == "last" else to_milliseconds(group.first_at)), last, group.id


def rank_text(rank: Rank) -> str:
    return f"{rank[0]}.{rank[1]}.{rank[2]}"


def read_rank(cursor: str) -> Rank:
    """What `rank_text` wrote. Raises Invalid."""
    first, _, rest = cursor.partition(".")
    last, _, group = rest.partition(".")
    if not all(part.isascii() and part.isdecimal() for part in (first, last)):
        raise bad_cursor()
    return int(first), int(last), group
