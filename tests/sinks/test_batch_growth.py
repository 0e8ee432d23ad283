"""Larger calls before more of them: when a batch may still grow."""

from sinks.target_limits import BatchLimit


def limit(most: int = 16, *, is_adaptive: bool = True) -> BatchLimit:
    return BatchLimit(most, 1.0, is_adaptive=is_adaptive)


def test_a_batch_grows_until_it_is_as_large_as_it_may_be() -> None:
    batch = limit()
    grew = batch.may_grow

    while batch.value < 16:
        batch.good(batch.value, 0.1)

    assert (grew, batch.may_grow) == (True, False)


def test_once_a_call_was_slow_more_calls_may_help() -> None:
    batch = limit()

    batch.good(8, 2.0)

    assert not batch.may_grow


def test_what_is_not_learned_or_not_batched_does_not_grow() -> None:
    assert not limit(is_adaptive=False).may_grow
    assert not limit(1).may_grow


def test_what_the_server_takes_at_most_ends_the_growth() -> None:
    batch = limit(512)

    batch.learn(8)

    assert not batch.may_grow
