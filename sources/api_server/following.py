"""All watches of one kind: as many as there are wanted namespaces, begun and ended with them."""

import asyncio
from dataclasses import dataclass
from functools import partial

from broker.errors import Invalid
from sources.api_server.batch import Batch
from sources.api_server.discovery import until_served
from sources.api_server.namespaces import Wanted, exists
from sources.api_server.objects import Known
from sources.api_server.options import WATCHES_MAX, Selection
from sources.api_server.pace import Pace
from sources.api_server.records import (
    ALL_NAMESPACES,
    NO_NAMESPACE,
    Book,
    Keyed,
    object_key,
    position_key,
    selection_mark,
)
from sources.api_server.served import Served
from sources.api_server.watcher import Scope, Watcher, Workplace

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Kind:
    """One selection and its key in records."""

    selection: Selection
    key: str


async def follow(work: Workplace, kind: Kind, wanted: Wanted | None, book: Book) -> None:
    """Until cancelled. `wanted` None: all namespaces, in one watch.

    The caller has begun a report under the kind's key: it stands for watches yet to begin.
    """
    pace, tell = Pace(work.supplies.chance), partial(work.report.await_kind, kind.key)
    served = await until_served(work.client, kind.selection, pace, tell)
    follower = _Follower(work, kind, served, book)
    if served.is_namespaced and wanted is not None:
        await follower.run(wanted)
    else:
        watcher = follower.watcher(ALL_NAMESPACES if served.is_namespaced else NO_NAMESPACE)
        work.report.end(kind.key)
        await watcher.run()


class _Follower:
    def __init__(self, work: Workplace, kind: Kind, served: Served, book: Book) -> None:
        self._work = work
        self._kind = kind
        self._served = served
        self._book = book
        self._running: dict[str, asyncio.Task[None]] = {}

    def watcher(self, place: str) -> Watcher:
        scope = self._scope(place)
        self._work.report.begin(scope.name)
        return Watcher(self._work, scope, *self._book.take(self._kind.key, place))

    def _scope(self, place: str) -> Scope:
        mark = selection_mark(self._kind.selection, self._work.options.owner)
        return Scope(self._kind.selection, self._kind.key, self._served, place, mark)

    async def run(self, wanted: Wanted) -> None:
        current: frozenset[str] | None = None
        async with asyncio.TaskGroup() as group:
            while True:
                names = await wanted.other_than(current)
                self._check_count(names)
                left = set(self._running) if current else set(self._book.namespaces(self._kind.key))
                for name in sorted(left - names):
                    await self._leave(name)
                for name in sorted(names - self._running.keys()):
                    self._running[name] = group.create_task(self.watcher(name).run())
                self._work.report.end(self._kind.key)
                current = names

    def _check_count(self, names: frozenset[str]) -> None:
        count = len(names) * len(self._work.options.resources)
        if count > WATCHES_MAX:
            raise Invalid(
                f"{len(names)} namespaces are selected, which takes {count} watches; "
                f"{WATCHES_MAX} is the limit",
                where="namespaceSelector",
                remedy="select fewer, or all of them with an empty selector (one watch a kind)",
            )

    async def _leave(self, name: str) -> None:
        """The namespace is wanted no more. Its objects are forgotten, without an event; only
        where it was removed altogether are their deletes told, those that went unseen too.
        """
        task = self._running.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        outlet, key = self._work.outlet, self._kind.key
        # A commit that was under way is before this one: what is read after it is the truth.
        await outlet.publish([], {position_key(key, name): None})
        if self._work.options.namespace_selector and not await exists(self._work.client, name):
            known = await self._known(name)
            await Watcher(self._work, self._scope(name), known, "").catch_up()
        async with Batch(outlet) as batch:
            for named in await self._known(name):
                await batch.note(object_key(key, *named), None)
            await batch.note(position_key(key, name), None)
        self._book.drain(key, name)
        self._work.report.end(self._scope(name).name)
        self._work.report.answered()

    async def _known(self, name: str) -> Keyed:
        """What the records say now of the objects in namespace `name`."""
        prefix = object_key(self._kind.key, name, "")
        known: Keyed = {}
        after = ""
        while page := await self._work.outlet.scan(prefix, after, _PAGE):
            for found, value in page:
                known[name, found.removeprefix(prefix)] = Known(*value.decode().split(" "))
            after = page[-1][0]
        return known
