"""Recent keys: what is found, what is forgotten, and in how much memory."""

import sys

import pytest

from broker.dedupe import RecentKeys, Verdict, compare, key_of, key_of_reply, runs
from tests.broker.door import event


def key(number: int) -> bytes:
    return number.to_bytes(8, "big")


@pytest.mark.parametrize(
    "other",
    [
        ("someone", event()),
        ("anonymous", event("2")),
        ("anonymous", event(source="/other")),
        ("anonymous", event(type="other")),
    ],
)
def test_a_key_is_of_principal_source_id_and_type(other: tuple[str, object]) -> None:
    assert key_of("anonymous", event()) != key_of(*other)  # type: ignore[arg-type]


def test_a_key_leaves_out_all_else() -> None:
    assert key_of("anonymous", event()) == key_of("anonymous", event(data=b"2", subject="x"))


def test_a_reply_has_one_key_per_trigger_and_delivery() -> None:
    keys = {key_of_reply("a/b", "1"), key_of_reply("a/b", "2"), key_of_reply("a/c", "1")}

    assert len(keys) == 3


@pytest.mark.parametrize(
    ("repeat", "verdict"),
    [
        (event(), Verdict.SAME),
        (event(traceparent="00-1-2-03"), Verdict.SAME),
        (event(data=b"2"), Verdict.DIFFERS),
        (event(data=None), Verdict.DIFFERS),
        (event("2"), Verdict.NEW),
    ],
)
def test_a_repeat_has_the_same_identity_and_data(repeat: object, verdict: Verdict) -> None:
    assert compare(event(), repeat) is verdict  # type: ignore[arg-type]


def test_a_key_is_found_until_the_window_is_over() -> None:
    recent = RecentKeys(window_seconds=100.0, keys_max=1000)
    for second in range(0, 300, 10):
        recent.add(key(second), second, float(second))

    found = [second for second in range(0, 300, 10) if recent.find(key(second)) is not None]

    assert set(range(200, 300, 10)) <= set(found)
    assert not set(range(0, 150, 10)) & set(found)


def test_keys_are_forgotten_without_new_ones() -> None:
    recent = RecentKeys(window_seconds=100.0, keys_max=8)
    for number in range(4):
        recent.add(key(number), number, 0.0)

    recent.forget(101.0)

    assert len(recent) == 0


def test_a_full_table_shrinks_its_window() -> None:
    recent = RecentKeys(window_seconds=100.0, keys_max=1000)
    for number in range(5000):
        recent.add(key(number), number, 0.0)
        assert len(recent) <= 1000

    assert recent.find(key(4999)) == 4999
    assert all(recent.find(key(number)) for number in range(4300, 5000))


def test_the_latest_offset_of_a_key_counts() -> None:
    recent = RecentKeys(window_seconds=100.0, keys_max=4)

    recent.add(key(1), 1, 0.0)
    recent.add(key(1), 2, 0.0)

    assert recent.find(key(1)) == 2


def test_packed_keys_get_consecutive_offsets() -> None:
    recent = RecentKeys(window_seconds=100.0, keys_max=1000)

    recent.add_packed(key(7) + key(8) + key(9), 41, 0.0)

    assert [recent.find(key(number)) for number in (7, 8, 9, 10)] == [41, 42, 43, None]


def test_a_full_table_takes_about_30_megabytes() -> None:
    recent = RecentKeys(window_seconds=600.0, keys_max=250_000)
    for number in range(249_000):
        recent.add(key(number), number + 1000, 0.0)

    tables = sum(sys.getsizeof(table) for table in recent._tables)
    entry = sys.getsizeof(key(1)) + sys.getsizeof(10**6)

    assert tables + len(recent) * entry < 36_000_000


def test_runs_join_neighbouring_offsets() -> None:
    assert runs([5, 1, 2, 3, 5, 7]) == [(1, 3), (5, 5), (7, 7)]
