"""What was told of a namespace against what became of it."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import aiohttp

from broker.errors import HeadraceError
from broker.event import StoredEvent
from sources.api_server.source import ApiServerSource
from sources.spec import SourceSpec
from tests.sources.api_server.cluster import Ask, Cluster, act_of, data_of
from tests.sources.inside import Inside

NAMES = 60
SETTLE_SECONDS_MAX = 60.0


class Keeper:
    """Runs a source again whenever it ended, as its supervisor does; `crash` is whole."""

    def __init__(self, inside: Inside, spec: SourceSpec) -> None:
        self._inside = inside
        self._spec = spec
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        while True:
            async with self._lock:
                running = self._inside.running
                if running is None or running.done():
                    if running is not None:
                        with suppress(HeadraceError, OSError):
                            running.result()
                    source = ApiServerSource(self._spec, self._inside.supplies)
                    self._inside.start(source, self._spec)
            await asyncio.sleep(0.05)

    async def crash(self) -> None:
        async with self._lock:
            await self._inside.crash()


async def disturb(ask: Ask, cluster: Cluster, dice: random.Random) -> None:
    """Create, change and delete at random until cancelled; a server that is away is no matter."""
    while True:
        name = f"map-{dice.randrange(NAMES):03}"
        one = f"{cluster.path()}/{name}"
        chance = dice.random()
        try:
            if chance < 0.5:
                await ask("POST", cluster.path(), {"metadata": {"name": name}})
            elif chance < 0.8:
                await ask("PATCH", one, {"data": {"dice": str(chance)}})
            else:
                await ask("DELETE", one)
        except (aiohttp.ClientError, OSError):
            await asyncio.sleep(0.1)


async def state_of(ask: Ask, cluster: Cluster) -> dict[str, str]:
    """uid to resourceVersion of all that is there."""
    _, found = await ask("GET", cluster.path())
    return {one["metadata"]["uid"]: one["metadata"]["resourceVersion"] for one in found["items"]}


def told_state(stored: Sequence[StoredEvent]) -> dict[str, str]:
    """As `state_of`, from the events; asserts that each life is told in order, once."""
    alive: dict[str, str] = {}
    gone: set[str] = set()
    for one in stored:
        metadata: Any = data_of(one.event)["metadata"]
        uid, version, act = metadata["uid"], metadata["resourceVersion"], act_of(one.event)
        assert uid not in gone, f"{act} of {uid} after its delete"
        assert (act == "add") == (uid not in alive), f"{act} of {uid}"
        if act == "delete":
            assert int(version) >= int(alive.pop(uid))
            gone.add(uid)
        else:
            assert int(version) > int(alive.get(uid, "0")), f"{uid} told again, or backwards"
            alive[uid] = version
    ids = [one.event.id for one in stored]
    assert len(set(ids)) == len(ids)
    return alive


class Ledger:
    """Keeps a source running and its cluster busy, for as long as the context lasts."""

    def __init__(self, ask: Ask, cluster: Cluster, keeper: Keeper, dice: random.Random) -> None:
        self._ask = ask
        self._cluster = cluster
        self._keeping = asyncio.create_task(keeper.run())
        self._load = asyncio.create_task(disturb(ask, cluster, dice))

    async def balance(self, inside: Inside) -> dict[str, str]:
        """Let nothing more happen; what is left, once that and no other is what was told."""
        self._load.cancel()
        await asyncio.wait((self._load,))
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while True:  # what was under way just now may still be done
                expected = await state_of(self._ask, self._cluster)
                if told_state(await inside.stored()) == expected:
                    return expected
                await asyncio.sleep(0.1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeping.cancel()
        self._load.cancel()
        await asyncio.wait((self._keeping, self._load))
