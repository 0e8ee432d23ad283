"""What a source remembers of an API server, as records: keys and values. Pure.

    origin                                  the address that all others are of
    object/{selection}/{namespace}/{name}   "uid resourceVersion" of an object that was told of
    position/{selection}/{scope}            "resourceVersion mark": where to watch from, and a mark
                                            of the selectors under which that was found

A selection is written `kind.group`, with `#2` and so on for further ones of the same kind: so a
changed selector or version is diffed against what was told under the old one.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from sources.api_server.objects import Known
from sources.api_server.options import Owner, Selection
from sources.source import Outlet

ALL_NAMESPACES = "*"
NO_NAMESPACE = ""
ORIGIN = "origin"
_PAGE = 1000

Keyed = dict[tuple[str, str], Known]


def selection_keys(selections: Sequence[Selection]) -> list[str]:
    """One for each of `selections`, in order."""
    keys: list[str] = []
    for one in selections:
        plain = f"{one.kind}.{one.group}" if one.group else one.kind
        earlier = sum(key.partition("#")[0] == plain for key in keys)
        keys.append(f"{plain}#{earlier + 1}" if earlier else plain)
    return keys


def selection_mark(selection: Selection, owner: Owner | None) -> str:
    """Another one where other objects are chosen: then all is listed again, and diffed."""
    parts = (selection.label_selector, selection.field_selector, repr(owner))
    return blake2b("\n".join(parts).encode(), digest_size=4).hexdigest()


def object_key(selection: str, namespace: str, name: str) -> str:
    return f"object/{selection}/{namespace}/{name}"


def object_value(known: Known) -> bytes:
    return f"{known.uid} {known.version}".encode()


def position_key(selection: str, scope: str) -> str:
    return f"position/{selection}/{scope}"


class Book:
    """The records as they were when the source started; each part is taken out once."""

    def __init__(self) -> None:
        self._origin = ""
        self._objects: dict[str, dict[str, Keyed]] = {}  # by selection, namespace
        self._positions: dict[str, dict[str, str]] = {}  # by selection, scope

    async def load(self, outlet: Outlet) -> None:
        after = ""
        while page := await outlet.scan("", after, _PAGE):
            for key, value in page:
                self._enter(key, value.decode())
            after = page[-1][0]

    def _enter(self, key: str, value: str) -> None:
        what, _, rest = key.partition("/")
        if what == ORIGIN:
            self._origin = value
        elif what == "position":
            selection, scope = rest.split("/")
            self._positions.setdefault(selection, {})[scope] = value
        elif what == "object":
            selection, namespace, name = rest.split("/")
            known = self._objects.setdefault(selection, {}).setdefault(namespace, {})
            known[namespace, name] = Known(*value.split(" "))

    @property
    def origin(self) -> str:
        return self._origin

    def drop_positions(self) -> list[str]:
        """All of them are of no use any more; gives the keys to remove."""
        dropped, self._positions = self._positions, {}
        return [position_key(one, scope) for one, scopes in dropped.items() for scope in scopes]

    def take(self, selection: str, scope: str) -> tuple[Keyed, str]:
        """What was told of in `scope`, and where to watch it from (empty: list it first)."""
        position = self._positions.get(selection, {}).pop(scope, "")
        by_namespace = self._objects.get(selection, {})
        if scope != ALL_NAMESPACES:
            return by_namespace.pop(scope, {}), position
        taken: Keyed = {}
        for known in by_namespace.values():
            taken |= known
        by_namespace.clear()
        return taken, position

    def misfits(self, selection: str, is_of_all: bool) -> list[str]:
        """Take out positions from when the selection was watched in other places; their keys.

        One of all namespaces says nothing of a single one later, and the other way round.
        """
        positions = self._positions.get(selection, {})
        scopes = [
            scope
            for scope in positions
            if scope != NO_NAMESPACE and (scope == ALL_NAMESPACES) != is_of_all
        ]
        return [position_key(selection, scope) for scope in scopes if positions.pop(scope)]

    def namespaces(self, selection: str) -> list[str]:
        """Those with something that was not taken, objects without a namespace aside."""
        left = set(self._objects.get(selection, {})) | set(self._positions.get(selection, {}))
        return sorted(left - {ALL_NAMESPACES, NO_NAMESPACE})

    def stale(self, kept: Iterable[str]) -> list[str]:
        """Take out, and give, the keys of what is of no selection in `kept`."""
        keys = set(kept)
        gone = (self._objects.keys() | self._positions.keys()) - keys
        return [key for selection in sorted(gone) for key in self.drain(selection)]

    def drain(self, selection: str, *scopes: str) -> list[str]:
        """Take out, and give, all keys of `selection`, or only those of `scopes`."""
        keys = []
        all_scopes = {*self._objects.get(selection, {}), *self._positions.get(selection, {})}
        for scope in sorted(all_scopes.intersection(scopes) if scopes else all_scopes):
            if self._positions.get(selection, {}).pop(scope, None) is not None:
                keys.append(position_key(selection, scope))
            known = self._objects.get(selection, {}).pop(scope, {})
            keys += [object_key(selection, *named) for named in known]
        return keys
