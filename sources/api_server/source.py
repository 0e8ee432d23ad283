"""ApiServerSource: a task for each watch, from the records on; what one cannot mend ends all."""

import asyncio
from functools import partial

from broker.errors import HeadraceError, Invalid
from sources.api_server.access import find_access
from sources.api_server.batch import Batch
from sources.api_server.checking import check
from sources.api_server.client import Client, open_client
from sources.api_server.following import Kind, follow
from sources.api_server.namespaces import NamespaceFollower, Wanted
from sources.api_server.options import ApiServerOptions
from sources.api_server.records import ORIGIN, Book, selection_keys
from sources.api_server.report import Report
from sources.api_server.watcher import Workplace
from sources.source import Outlet, SourceSupplies
from sources.spec import SourceSpec

_CHECK_SECONDS_MAX = 15.0


class ApiServerSource:
    """Implements `sources.source.Source`."""

    def __init__(self, spec: SourceSpec, supplies: SourceSupplies) -> None:
        if not isinstance(spec.options, ApiServerOptions):
            raise Invalid("these are no options of an ApiServerSource", where=spec.name)
        self._options = spec.options
        self._supplies = supplies
        keys = selection_keys(self._options.resources)
        pairs = zip(self._options.resources, keys, strict=True)
        self._kinds = [Kind(selection, key) for selection, key in pairs]

    async def run(self, outlet: Outlet) -> None:
        read = partial(find_access, self._options.connection, self._supplies.environment)
        failure: BaseException | None = None
        try:
            async with open_client(await asyncio.to_thread(read)) as client:
                await self._watch(client, outlet)
        except BaseExceptionGroup as group:
            failure = first_of(group)
        finally:
            outlet.standing.disconnect()
        if failure is not None:
            raise failure

    async def check(self) -> str:
        read = partial(find_access, self._options.connection, self._supplies.environment)
        async with open_client(await asyncio.to_thread(read)) as client:
            return await check(client, self._options, _CHECK_SECONDS_MAX)

    async def _watch(self, client: Client, outlet: Outlet) -> None:
        report = Report(outlet.standing, client.url)
        work = Workplace(client, outlet, self._supplies, self._options, report)
        book = await self._opened_book(outlet, client.url, report)
        selector = self._options.namespace_selector
        wanted = None
        if selector is None:
            wanted = Wanted(frozenset(self._options.namespaces))
        elif selector:
            wanted = Wanted()
        async with asyncio.TaskGroup() as group:
            if wanted is not None and selector:
                chance = self._supplies.chance
                follower = NamespaceFollower(client, selector, wanted, chance, report.answered)
                group.create_task(follower.run())
            for kind in self._kinds:
                report.begin(kind.key)
            for kind in self._kinds:
                group.create_task(follow(work, kind, wanted, book))

    async def _opened_book(self, outlet: Outlet, url: str, report: Report) -> Book:
        """The records, without what other settings than today's have left."""
        book = Book()
        await book.load(outlet)
        stale = book.stale(kind.key for kind in self._kinds)
        is_of_all = self._options.namespace_selector == ""
        for kind in self._kinds:
            stale += book.misfits(kind.key, is_of_all)
        if book.origin != url:
            if book.origin:
                report.notice(f"the API server was {book.origin} and is {url}: all is listed again")
            stale += book.drop_positions()
        async with Batch(outlet) as batch:
            for key in stale:
                await batch.note(key, None)
            if book.origin != url:
                await batch.note(ORIGIN, url.encode())
        return book


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell: one of ours, where there is one."""
    leaves: list[BaseException] = []
    open_groups: list[BaseException] = [group]
    while open_groups:
        one = open_groups.pop(0)
        if isinstance(one, BaseExceptionGroup):
            open_groups += one.exceptions
        else:
            leaves.append(one)
    return next((leaf for leaf in leaves if isinstance(leaf, HeadraceError)), leaves[0])
