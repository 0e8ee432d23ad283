"""The ledger: what counts as lost, doubled and accepted."""

from tests.bench.ledger import BROKEN, Ledger


def _sent(ledger: Ledger, *statuses: int) -> None:
    for status in statuses:
        ledger.answer(ledger.send(at_ns=0), status)


def test_an_accepted_event_without_a_delivery_is_lost_to_each_sink() -> None:
    ledger = Ledger(sinks=2)

    _sent(ledger, 202, 202)
    ledger.deliver(0, 1)

    assert (ledger.accepted, ledger.deliveries, ledger.lost()) == (2, 1, 3)


def test_a_refused_or_unanswered_event_cannot_be_lost() -> None:
    ledger = Ledger(sinks=1)

    _sent(ledger, 503, BROKEN)
    ledger.send(at_ns=0)

    assert (ledger.lost(), ledger.refused(), ledger.unanswered()) == (0, 1, 2)


def test_a_second_delivery_is_a_duplicate_and_an_unknown_number_a_stray() -> None:
    ledger = Ledger(sinks=1)
    _sent(ledger, 202)

    for number in (0, 0, 7, -1):
        ledger.deliver(0, number)

    assert (ledger.deliveries, ledger.duplicates, ledger.strays) == (1, 1, 2)


def test_only_events_sent_while_timing_are_timed_even_if_they_come_late() -> None:
    ledger = Ledger(sinks=1)
    _sent(ledger, 202)
    ledger.begin_timing()
    _sent(ledger, 202)
    ledger.end_timing()
    _sent(ledger, 202)

    for number in range(3):
        ledger.deliver(0, number)

    assert (len(ledger.ack_ns), len(ledger.delivery_ns)) == (1, 1)


def test_losses_are_counted_for_the_sinks_that_are_asked_about() -> None:
    ledger = Ledger(sinks=2)
    _sent(ledger, 202)

    ledger.deliver(1, 0)

    assert (ledger.lost(frozenset({0})), ledger.lost(frozenset({1}))) == (1, 0)
