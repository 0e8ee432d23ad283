"""The namespaces that are wanted: a fixed set, or those whose labels a selector matches."""

import asyncio
from collections.abc import Callable

from sources.api_server.client import Client
from sources.api_server.listing import pages
from sources.api_server.objects import identity_of, version_of
from sources.api_server.pace import Pace
from sources.api_server.refusals import Expired, Right
from sources.api_server.watching import Watching, open_watch, refuse_error

PATH = "/api/v1/namespaces"
_KIND = "namespaces"


class Wanted:
    """`names` None: not known yet."""

    def __init__(self, names: frozenset[str] | None = None) -> None:
        self.names = names
        self._changed = asyncio.Condition()

    async def set(self, names: frozenset[str]) -> None:
        async with self._changed:
            self.names = names
            self._changed.notify_all()

    async def other_than(self, names: frozenset[str] | None) -> frozenset[str]:
        """The names, once they are known and are not `names`."""
        async with self._changed:
            while self.names is None or self.names == names:
                await self._changed.wait()
            return self.names


class NamespaceFollower:
    """Keeps `wanted` as the server has it; nothing is stored: it begins with a list."""

    def __init__(
        self,
        client: Client,
        selector: str,
        wanted: Wanted,
        chance: Callable[[], float],
        answered: Callable[[], None],
    ) -> None:
        self._client = client
        self._query = {"labelSelector": selector}
        self._wanted = wanted
        self._chance = chance
        self._pace = Pace(chance)
        self._answered = answered
        self._names: set[str] = set()

    async def run(self) -> None:
        """Until cancelled; raises Forbidden where namespaces may not be listed or watched."""
        version = ""
        while True:
            try:
                version = version or await self._list()
                version, heard = await self._watch(version)
                if heard:
                    self._pace.reset()
                    continue
            except Expired:
                version = ""
            await asyncio.sleep(self._pace.next_seconds())

    async def _list(self) -> str:
        names: set[str] = set()
        version = ""
        async for page in pages(self._client, PATH, self._query, Right("list", "", _KIND)):
            version = page.version
            names |= {identity_of(one).name for one in page.items}
        self._names = names
        await self._wanted.set(frozenset(names))
        return version

    async def _watch(self, version: str) -> tuple[str, int]:
        """Gives the last version that was seen, and how many notifications came."""
        right, heard = Right("watch", "", _KIND), 0
        watching = Watching(PATH, self._query, right, version)
        async with open_watch(self._client, watching, self._chance()) as arriving:
            self._answered()
            async for notifications in arriving:
                heard += len(notifications)
                for one in notifications:
                    refuse_error(one, right, self._client.url)
                    version = version_of(one.found)
                    if one.kind == "DELETED":  # removed, or its labels match no more
                        self._names.discard(identity_of(one.found).name)
                    elif one.kind != "BOOKMARK":
                        self._names.add(identity_of(one.found).name)
                await self._wanted.set(frozenset(self._names))
        return version, heard


async def exists(client: Client, name: str) -> bool:
    """Asked by a list: the right to that is there already."""
    query = {"fieldSelector": f"metadata.name={name}", "limit": "1"}
    found = await client.get(PATH, query, Right("list", "", _KIND))
    return bool(found.get("items"))
