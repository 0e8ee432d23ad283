"""Ids of plans and jobs."""

from datetime import UTC, datetime

from triggers.job_ids import draw_id

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_id_tells_when_it_was_drawn() -> None:
    drawn = draw_id(NOW, 0.5, lambda _: False)

    assert drawn == "260102-030405-7fff"


def test_an_id_that_is_taken_is_not_drawn_again() -> None:
    taken = set[str]()

    for _ in range(3):
        taken.add(draw_id(NOW, 0.0, taken.__contains__))

    assert sorted(taken) == ["260102-030405-0000", "260102-030405-0000-2", "260102-030405-0000-3"]
