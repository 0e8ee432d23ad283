"""The order of groups: by what was asked, and page by page each of them once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from broker.errors import Invalid
from broker.http_message import Answer
from broker.storage.desk import Group
from deploy.admin.group_ranks import Sorting, rank_of, rank_text, read_rank
from tests.deploy.living import event, living
from triggers.groups import GroupState, Tended
from triggers.groups.state import GroupRecord

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def tended(
    id: str, count: int, first: int, last: int, state: GroupState = GroupState.OPEN
) -> Tended:
    """Seen first and last so many minutes before noon."""
    first_at, last_at = (NOON - timedelta(minutes=ago) for ago in (first, last))
    group = Group(
        id, "default/t", "http://s", "permanent", 422, "refused", "HTTP 422", count, count,
        first_at, last_at, "example",
    )  # fmt: skip
    return Tended(group, GroupRecord(state=state))


GROUPS = [
    tended("a", 5, first=90, last=1),
    tended("b", 9, first=60, last=30, state=GroupState.RESOLVED),
    tended("c", 5, first=10, last=2, state=GroupState.ACKNOWLEDGED),
]


@pytest.mark.parametrize(
    ("sort", "order"), [("last", "acb"), ("first", "cba"), ("count", "bac"), ("state", "acb")]
)
def test_groups_stand_in_the_order_that_was_asked_for(sort: Sorting, order: str) -> None:
    ranked = sorted(GROUPS, key=lambda one: rank_of(one, sort), reverse=True)

    assert "".join(one.group.id for one in ranked) == order


@pytest.mark.parametrize("sort", get_args(Sorting))
def test_a_cursor_is_the_rank_that_it_was_made_of(sort: Sorting) -> None:
    ranks = [rank_of(one, sort) for one in GROUPS]

    assert [read_rank(rank_text(rank)) for rank in ranks] == ranks


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.x.id", "-1.2.id", "1.\u0662.id"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        read_rank(cursor)


async def test_the_largest_group_is_on_the_first_page_and_the_other_on_the_next(
    tmp_path: Path,
) -> None:
    path = "/api/v1/dead-letter-groups?sort=count&limit=1"

    async with living(tmp_path) as one:
        one.subscriber.answers[b"late"] = Answer(400, [], b"")
        await one.publish(event(1, "refused"), event(2, "late"), event(3, "late"))
        await one.publish(event(4, "refused"), event(5, "late"))
        await one.rest()
        first = (await one.get(path)).json
        second = (await one.get(f"{path}&cursor={first['next']}")).json

    assert [group["status"] for group in first["items"]] == [400]
    assert [group["status"] for group in second["items"]] == [422]
    assert second["next"] is None
