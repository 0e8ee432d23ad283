"""Both sides killed under load: what was told is what became."""

import asyncio
import random
from dataclasses import replace

import pytest

from sources.api_server.options import Direct
from tests.faults.world import IS_LONG
from tests.servers.fault_proxy import FaultProxy
from tests.servers.ports import LOOPBACK
from tests.sources.api_server.cluster import Cluster
from tests.sources.api_server.ledger import Keeper, Ledger, told_state
from tests.sources.inside import Inside


@pytest.mark.parametrize(("own", "others"), [(20, 5) if IS_LONG else (3, 1)], ids=str)
async def test_kills_of_both_sides_leave_a_complete_ledger(
    inside: Inside, cluster: Cluster, own: int, others: int
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    keeper = Keeper(inside, cluster.spec())
    kills = ["own"] * own + ["other"] * others
    dice.shuffle(kills)

    async with cluster.asking() as ask, Ledger(ask, cluster, keeper, dice) as ledger:
        for kill in kills:
            await asyncio.sleep(dice.random() * 0.5)
            if kill == "own":
                await keeper.crash()
            else:
                await asyncio.to_thread(cluster.server.restart)
        expected = await ledger.balance(inside)

    print(f"{len(await inside.stored())} events, {len(expected)} objects left")
    assert told_state(await inside.stored()) == expected


async def test_cut_connections_lose_and_repeat_nothing(inside: Inside, cluster: Cluster) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    port = int(cluster.server.url.rpartition(":")[2])

    with FaultProxy(LOOPBACK, port) as proxy:
        direct = cluster.options.connection
        assert isinstance(direct, Direct)
        direct = replace(direct, url=f"https://{proxy.address}")
        keeper = Keeper(inside, cluster.spec(connection=direct))
        async with cluster.asking() as ask, Ledger(ask, cluster, keeper, dice) as ledger:
            for _ in range(6):
                await asyncio.sleep(dice.random() * 0.4)
                await asyncio.to_thread(proxy.cut)
                await asyncio.to_thread(proxy.mend)
            expected = await ledger.balance(inside)

    assert told_state(await inside.stored()) == expected
