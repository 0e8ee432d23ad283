"""What is known of the objects of one watch, and what is new in what is seen of them. Pure.

What was told decides, not what the server calls it: an object seen again unchanged is no news,
whether a list, a resync or a repeated watch shows it.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from sources.api_server.objects import Found, Identity, Known, identity_of, is_controlled_by
from sources.api_server.options import Owner

Act = Literal["add", "update", "delete"]


class Change(NamedTuple):
    """One thing to tell. `found` None: it went unseen, and only its identity is known."""

    act: Act
    identity: Identity
    found: Found | None


class Inventory:
    """`known` by (namespace, name); changed in place as changes are given out."""

    def __init__(self, known: Mapping[tuple[str, str], Known], owner: Owner | None = None) -> None:
        self._known = dict(known)
        self._owner = owner
        self._unseen: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._known)

    def see(self, found: Found) -> Iterator[Change]:
        """What is new now that `found` is there."""
        identity = identity_of(found)
        if self._owner is not None and not is_controlled_by(found, self._owner):
            yield from self.miss(found)
            return
        key = identity[:2]
        self._unseen.discard(key)
        known = self._known.get(key)
        if known is not None and known == identity[2:]:
            return
        if known is not None and known.uid != identity.uid:
            yield self._gone(key)  # and another one of its name came
            known = None
        self._known[key] = Known(identity.uid, identity.version)
        yield Change("add" if known is None else "update", identity, found)

    def miss(self, found: Found) -> Iterator[Change]:
        """What is new now that `found`, in its last state, is gone or is not selected."""
        identity = identity_of(found)
        known = self._known.get(identity[:2])
        if known is None:
            return
        if known.uid != identity.uid:
            yield self._gone(identity[:2])
            return
        del self._known[identity[:2]]
        yield Change("delete", identity, found)

    def begin_list(self) -> None:
        """From here on, whatever is not seen until `missed` is gone."""
        self._unseen = set(self._known)

    def missed(self) -> Iterator[Change]:
        """The end of a list: what went away while nobody looked, in the order of names."""
        unseen, self._unseen = self._unseen, set()
        for key in sorted(unseen):
            yield self._gone(key)

    def names(self) -> list[tuple[str, str]]:
        return list(self._known)

    def _gone(self, key: tuple[str, str]) -> Change:
        known = self._known.pop(key)
        return Change("delete", Identity(*key, *known), None)
