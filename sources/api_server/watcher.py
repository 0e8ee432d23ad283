"""One kind of objects in one namespace, or in all: listed, then watched, told once each."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from broker.errors import Forbidden, TooLarge, Unavailable
from sources.api_server.batch import Batch
from sources.api_server.client import Client
from sources.api_server.discovery import find_served
from sources.api_server.events import EventMaker
from sources.api_server.inventory import Change, Inventory
from sources.api_server.listing import pages
from sources.api_server.objects import Known, version_of
from sources.api_server.options import ApiServerOptions, Selection
from sources.api_server.pace import Pace
from sources.api_server.records import (
    ALL_NAMESPACES,
    Keyed,
    object_key,
    object_value,
    position_key,
)
from sources.api_server.refusals import Expired, NotServed, Right
from sources.api_server.report import Report
from sources.api_server.served import Served
from sources.api_server.watching import Notification, Watching, open_watch, refuse_error
from sources.source import Outlet, SourceSupplies

LISTS_MAX = 4  # of one source at once: each has a page in memory, and the server too
_SHORT_SECONDS = 1.0  # a watch that ends sooner, and empty, is not begun again at once


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all watches of one source share."""

    client: Client
    outlet: Outlet
    supplies: SourceSupplies
    options: ApiServerOptions
    report: Report
    listing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LISTS_MAX))


@dataclass(frozen=True, slots=True)
class Scope:
    """What one watch is of. `place` is a namespace, ALL_NAMESPACES or NO_NAMESPACE."""

    selection: Selection
    key: str  # of the selection, in records
    served: Served
    place: str
    mark: str = ""  # of what chooses the objects: a position is of use under the same only

    @property
    def namespace(self) -> str:
        """As paths and rights have it: empty for all."""
        return "" if self.place == ALL_NAMESPACES else self.place

    @property
    def path(self) -> str:
        return self.served.path(self.selection, self.namespace)

    @property
    def query(self) -> dict[str, str]:
        selection = self.selection
        asked = {
            "labelSelector": selection.label_selector,
            "fieldSelector": selection.field_selector,
        }
        return {key: value for key, value in asked.items() if value}

    @property
    def name(self) -> str:
        """For people."""
        plural, group = self.served.plural, self.selection.group
        kind = f"{plural}.{group}" if group else plural
        return f"{kind} in {self.namespace}" if self.namespace else kind

    def right(self, verb: str) -> Right:
        return Right(verb, self.selection.group, self.served.plural, self.namespace)


class Watcher:
    """`known` and `position` are from the records; position empty: it is listed first."""

    def __init__(self, work: Workplace, scope: Scope, known: Keyed, position: str) -> None:
        self._work = work
        self._scope = scope
        self._inventory = Inventory(known, work.options.owner)
        self._position, _, mark = position.partition(" ")
        self._is_outdated = bool(position) and mark != scope.mark
        self._position_key = position_key(scope.key, scope.place)
        url, mode = work.client.url, work.options.mode
        self._maker = EventMaker(url, scope.selection, scope.served, mode)
        self._pace = Pace(work.supplies.chance)
        self._is_position_checked = not position

    async def run(self) -> None:
        """Until cancelled; raises what it cannot mend by waiting."""
        report, name = self._work.report, self._scope.name
        try:
            while True:
                try:
                    await self._run_once()
                    continue
                except NotServed as error:
                    await self._expect_same_kind(error)
                except Expired:
                    await self._forget_position()
                except (Forbidden, Unavailable) as error:
                    report.fail(name, error)
                await asyncio.sleep(self._pace.next_seconds())
        finally:
            report.end(name)

    async def catch_up(self) -> None:
        """Tell what changed since it was looked at last, from the state as it is now."""
        scope = self._scope
        async with self._work.listing, Batch(self._work.outlet) as batch:
            self._inventory.begin_list()
            version = ""
            listed = pages(self._work.client, scope.path, scope.query, scope.right("list"))
            async for page in listed:
                version = page.version
                for item in page.items:
                    await self._tell(batch, self._inventory.see(item))
                await batch.flush()
                self._work.report.lag(scope.name, page.remaining)
            await self._tell(batch, self._inventory.missed())
            await self._reach(batch, version)

    async def _run_once(self) -> None:
        """Both, each as far as it is needed."""
        await self._check_position()
        if not self._position:
            await self.catch_up()
        began = self._work.supplies.clock.monotonic()
        heard = await self._watch()
        if heard or self._work.supplies.clock.monotonic() - began > _SHORT_SECONDS:
            self._pace.reset()
        else:
            # Some servers answer a version that they no longer have with nothing, at once.
            await asyncio.sleep(self._pace.next_seconds())

    async def _watch(self) -> int:
        """Gives how many notifications came before it ended."""
        work, scope, heard = self._work, self._scope, 0
        right = scope.right("watch")
        watching = Watching(scope.path, scope.query, right, self._position)
        try:
            async with open_watch(work.client, watching, work.supplies.chance()) as arriving:
                work.report.established(scope.name)
                async for notifications in arriving:
                    heard += len(notifications)
                    await self._take(notifications, right)
        except TooLarge as error:
            work.report.notice(f"{scope.name}: {error.what} in the watch; it is listed instead")
            await self._forget_position()
        return heard

    async def _take(self, notifications: Iterable[Notification], right: Right) -> None:
        """One or more commits; each holds the version of the last that it covers whole."""
        async with Batch(self._work.outlet) as batch:
            for one in notifications:
                refuse_error(one, right, self._work.client.url)
                await self._follow(batch, one)
            await self._reach(batch, self._position)

    async def _follow(self, batch: Batch, one: Notification) -> None:
        version = version_of(one.found)
        if one.kind in ("ADDED", "MODIFIED"):
            await self._tell(batch, self._inventory.see(one.found))
        elif one.kind == "DELETED":
            await self._tell(batch, self._inventory.miss(one.found))
        self._position = version
        await batch.note(self._position_key, self._position_value())

    async def _tell(self, batch: Batch, changes: Iterable[Change]) -> None:
        now = self._work.supplies.clock.now().isoformat().replace("+00:00", "Z")
        for change in changes:
            identity = change.identity
            known = Known(identity.uid, identity.version)
            await batch.add(
                self._maker.make(change, now),
                object_key(self._scope.key, identity.namespace, identity.name),
                None if change.act == "delete" else object_value(known),
            )

    async def _reach(self, batch: Batch, version: str) -> None:
        self._position = version
        await batch.note(self._position_key, self._position_value())
        await batch.flush()
        self._work.report.arrive(self._scope.name, version, len(self._inventory))

    def _position_value(self) -> bytes:
        return f"{self._position} {self._scope.mark}".encode()

    async def _check_position(self) -> None:
        """Once: of other selectors it is of no use; and a server restored from a backup is
        behind it, and its watch would stay silent.
        """
        if self._is_outdated:
            await self._forget_position()
        if self._is_position_checked:
            return
        scope = self._scope
        query = {**scope.query, "limit": "1"}
        async with self._work.listing:
            found = await self._work.client.get(scope.path, query, scope.right("list"))
        self._is_position_checked = True
        if is_before(version_of(found), self._position):
            self._work.report.notice(
                f"{scope.name}: the API server is at an earlier version than it was; all is "
                "listed again"
            )
            await self._forget_position()

    async def _forget_position(self) -> None:
        """On disk too: after a half-told list, a watch from before it would tell again."""
        self._position = ""
        self._is_position_checked, self._is_outdated = True, False
        await self._work.outlet.publish([], {self._position_key: None})

    async def _expect_same_kind(self, error: NotServed) -> None:
        """What was known stays: without its kind an object cannot be said to be gone."""
        self._work.report.await_kind(self._scope.name, f"{error.what}; it is waited for")
        try:
            served = await find_served(self._work.client, self._scope.selection)
        except NotServed:
            return
        if served != self._scope.served:
            raise error


def is_before(version: str, other: str) -> bool:
    """Only where both are numbers: Kubernetes promises no more than that for all servers."""
    return version.isdecimal() and other.isdecimal() and int(version) < int(other)
