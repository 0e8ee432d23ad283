"""What every kind of source promises, wherever its events come from."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from broker.errors import Denied, HeadraceError, Invalid, Overloaded, Unavailable
from broker.intake_options import IntakeOptions
from sources.kinds import KINDS
from tests.sources.inside import Inside
from tests.sources.peer import Peer
from tests.sources.peers import PEERS, each_kind, make_peer

STOP_SECONDS_MAX = 5.0


def test_every_kind_is_under_this_suite() -> None:
    assert PEERS.keys() == KINDS.keys()


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    made = Inside(options=IntakeOptions(waiting_events_max=50))
    await made.open()
    yield made
    await made.close()


@pytest.fixture(params=each_kind())
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    made = await make_peer(request.param, request)
    yield made
    await made.close()


@pytest.fixture
def remote(peer: Peer) -> Peer:
    if not peer.can_be_lost:
        pytest.skip(f"the origin of a {peer.spec.kind} is part of this process")
    return peer


async def begin(inside: Inside, peer: Peer) -> None:
    """A source that runs and has found its outside."""
    connections = inside.connections
    inside.start(peer.make(inside.supplies), peer.spec)
    await inside.until(lambda: inside.connections > connections)


async def test_what_happens_is_stored_once(inside: Inside, peer: Peer) -> None:
    await begin(inside, peer)

    labels = await peer.happen(7)

    stored = await inside.until_stored(7)
    assert Counter(peer.label_of(one.event) for one in stored) == Counter(labels)


async def test_the_order_of_the_origin_is_kept(inside: Inside, peer: Peer) -> None:
    await begin(inside, peer)

    labels = [*await peer.happen(20), *await peer.happen(20)]

    stored = [peer.label_of(one.event) for one in await inside.until_stored(40)]
    assert stored == labels if peer.is_ordered else sorted(stored) == sorted(labels)


async def test_a_crash_at_any_moment_neither_loses_nor_repeats(inside: Inside, peer: Peer) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    await begin(inside, peer)
    labels = list(await peer.happen(5))

    for _ in range(5):
        await asyncio.sleep(dice.random() * 0.05)
        await inside.crash()
        inside.start(peer.make(inside.supplies), peer.spec)
        labels += await peer.happen(5)

    stored = await inside.until_stored(len(labels))
    assert Counter(peer.label_of(one.event) for one in stored) == Counter(labels)


async def test_a_stop_is_over_within_its_grace(inside: Inside, peer: Peer) -> None:
    await begin(inside, peer)

    async with asyncio.timeout(STOP_SECONDS_MAX):
        await inside.stop()

    labels = await peer.happen(3)
    await begin(inside, peer)
    stored = await inside.until_stored(3)
    assert Counter(peer.label_of(one.event) for one in stored) == Counter(labels)


async def test_while_the_broker_takes_nothing_the_source_waits_and_drops_nothing(
    inside: Inside, peer: Peer
) -> None:
    await begin(inside, peer)
    inside.refusal = Overloaded("full", retry_after_seconds=0.05)
    happening = asyncio.create_task(peer.happen(10))

    await asyncio.sleep(0.3)
    refused = await inside.stored()
    inside.refusal = None

    stored = await inside.until_stored(10)
    labels = await happening
    assert refused == []
    assert Counter(peer.label_of(one.event) for one in stored) == Counter(labels)


async def test_the_overrides_are_set_on_every_event(inside: Inside, peer: Peer) -> None:
    peer.spec = replace(peer.spec, extensions={"team": "blue"})
    await begin(inside, peer)

    await peer.happen(2)

    stored = await inside.until_stored(2)
    assert {one.event.attributes.get("team") for one in stored} == {"blue"}


async def test_a_lost_origin_is_an_error_and_a_found_one_goes_on(
    inside: Inside, remote: Peer
) -> None:
    await begin(inside, remote)
    labels = list(await remote.happen(3))
    await inside.until_stored(3)

    await remote.lose()
    error = await failure_of(inside, remote)
    await remote.find()
    labels += await remote.happen(3)
    await begin_again(inside, remote)

    assert isinstance(error, Unavailable | OSError)
    stored = await inside.until_stored(6)
    assert Counter(remote.label_of(one.event) for one in stored) == Counter(labels)


async def test_a_refusal_of_the_origin_is_told_with_a_remedy(inside: Inside, remote: Peer) -> None:
    await remote.refuse()

    error = await failure_of(inside, remote)

    assert isinstance(error, Denied | Invalid)
    assert error.remedy


async def test_a_check_tells_what_it_found(inside: Inside, remote: Peer) -> None:
    found = await remote.make(inside.supplies).check()

    assert found


async def test_a_check_of_a_lost_origin_says_what_is_wrong(inside: Inside, remote: Peer) -> None:
    await remote.lose()

    with pytest.raises(HeadraceError) as caught:
        await remote.make(inside.supplies).check()

    await remote.find()
    assert caught.value.remedy


async def failure_of(inside: Inside, peer: Peer) -> BaseException | None:
    """What a run of the source ends with, or the one that runs."""
    running = inside.running or inside.start(peer.make(inside.supplies), peer.spec)
    async with asyncio.timeout(30.0):
        await asyncio.wait((running,))
    return running.exception()


async def begin_again(inside: Inside, peer: Peer) -> None:
    """Run it as its supervisor does, again and again until its outside answers."""
    async with asyncio.timeout(60.0):
        while True:
            try:
                await begin(inside, peer)
            except (HeadraceError, OSError):
                await asyncio.sleep(0.2)
            else:
                return
