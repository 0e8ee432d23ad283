"""Asking a server how it serves a kind, and waiting until it does."""

import asyncio
from collections.abc import Callable

from sources.api_server.client import Client
from sources.api_server.options import Selection
from sources.api_server.pace import Pace
from sources.api_server.refusals import NotServed, Right
from sources.api_server.served import Served, not_served, served_of


async def find_served(client: Client, selection: Selection) -> Served:
    """Raises NotServed where the server has no such kind now."""
    try:
        found = await client.get(selection.path, {}, Right("get"))
    except NotServed as error:
        raise not_served(selection, client.url) from error
    served = served_of(found, selection.kind)
    if served is None:
        raise not_served(selection, client.url)
    return served


async def until_served(
    client: Client, selection: Selection, pace: Pace, tell: Callable[[str], None]
) -> Served:
    """Wait, for ever if need be, telling `tell` why: a definition may come after its source."""
    while True:
        try:
            return await find_served(client, selection)
        except NotServed as error:
            tell(f"{error.what}; it is waited for")
        await asyncio.sleep(pace.next_seconds())
