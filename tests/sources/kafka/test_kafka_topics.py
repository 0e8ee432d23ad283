"""What a cluster has."""

import pytest

from sources.kafka.topics import NOBODY, Broker, Layout, Place, Topic, matching, narrowed

ALL = ["orders-eu", "orders-us", "bills", "__consumer_offsets"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("orders-.*", ["orders-eu", "orders-us"]),
        ("orders", []),  # whole names only
        (".*", ["orders-eu", "orders-us", "bills"]),  # never Kafka's own
        ("bills|orders-eu", ["orders-eu", "bills"]),
    ],
)
def test_a_pattern_matches_whole_names(pattern: str, names: list[str]) -> None:
    assert matching(ALL, pattern) == names


def test_what_a_pattern_does_not_match_is_left_out() -> None:
    topics = {name: Topic(name, None, {0: 1}) for name in ALL}
    layout = Layout("c", {1: Broker("b", 9092)}, topics, {"orders-xx": 29, "other": 29})

    found = narrowed(layout, "orders-.*")

    assert list(found.topics) == ["orders-eu", "orders-us"]
    assert found.errors == {"orders-xx": 29}


def test_partitions_are_read_from_who_leads_them() -> None:
    topics = {"orders": Topic("orders", None, {2: 1, 0: 7, 1: NOBODY, 3: 8})}
    brokers = {1: Broker("b", 9092), 7: Broker("c", 9092)}  # 8 has just died
    layout = Layout("c", brokers, topics, {})

    assert layout.by_leader() == {7: [Place("orders", 0)], 1: [Place("orders", 2)]}
    assert layout.unled() == [Place("orders", 1), Place("orders", 3)]


def test_an_id_is_shown_as_kafka_shows_it() -> None:
    assert Topic("orders", bytes(range(16)), {}).id_text == "AAECAwQFBgcICQoLDA0ODw"
