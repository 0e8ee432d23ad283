"""Limits that learn: batches and calls grow slowly, and shrink at once."""

from sinks.target_limits import BatchLimit, CallLimit


def test_a_batch_limit_begins_at_eight_and_grows_by_a_tenth_while_batches_are_full() -> None:
    batch = BatchLimit(64, 1.0, is_adaptive=True)
    seen = [batch.value]

    for _ in range(5):
        batch.good(batch.value, 0.1)
        seen.append(batch.value)

    assert seen == [8, 9, 10, 11, 12, 13]


def test_smaller_batches_do_not_show_that_larger_ones_would_do() -> None:
    batch = BatchLimit(64, 1.0, is_adaptive=True)

    batch.good(3, 0.1)

    assert batch.value == 8


def test_a_slow_batch_makes_it_smaller_and_overload_halves_it_down_to_one() -> None:
    batch = BatchLimit(64, 1.0, is_adaptive=True)

    batch.good(8, 1.5)
    slower = batch.value
    for _ in range(9):
        batch.halve()

    assert (slower, batch.value) == (7, 1)


def test_what_a_server_takes_at_most_is_never_exceeded_again() -> None:
    batch = BatchLimit(64, 1.0, is_adaptive=True)

    batch.learn(9)
    for _ in range(20):
        batch.good(batch.value, 0.1)

    assert batch.value == 9


def test_a_fixed_batch_limit_changes_only_where_the_server_refuses_it() -> None:
    batch = BatchLimit(64, 1.0, is_adaptive=False)

    batch.halve()
    batch.good(64, 9.0)
    fixed = batch.value
    batch.too_large(64)

    assert (fixed, batch.value) == (64, 32)


def test_one_more_call_after_each_good_round() -> None:
    calls, seen = CallLimit(2, 32, 1.0), []

    for _ in range(9):
        calls.good(0.1, calls.value)
        seen.append(calls.value)

    assert seen == [2, 3, 3, 3, 4, 4, 4, 4, 5]


def test_calls_that_wait_for_each_other_are_made_fewer_again() -> None:
    calls = CallLimit(2, 32, 1.0)
    for _ in range(5):
        calls.good(0.1, calls.value)
    most = calls.value

    for _ in range(20):
        calls.good(2.0, calls.value)

    assert (most, calls.value) == (4, 2)


def test_after_waking_it_is_one_then_two_then_four() -> None:
    calls, seen = CallLimit(8, 32, 1.0), []

    calls.restart()
    for _ in range(4):
        seen.append(calls.value)
        calls.good(0.1, 1)

    assert seen == [1, 2, 4, 8]


def test_there_is_always_one_call() -> None:
    calls = CallLimit(2, 32, 1.0)

    for _ in range(9):
        calls.halve()
        calls.lessen()

    assert calls.value == 1
