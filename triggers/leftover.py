"""Triggers that the store knows and the configuration no longer names. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from broker.storage.rows import Loaded
from triggers.failures import COMPANION
from triggers.revisions import Revisions, is_removed


@dataclass(frozen=True, slots=True)
class Leftover:
    """One of them. `document` is its latest spec, `is_open` whether it has anything to do.

    `is_removed`: it takes no new events already.
    """

    name: str
    document: bytes
    is_open: bool
    is_removed: bool


def names_with_rows(loaded: Loaded) -> frozenset[str]:
    """Triggers that have a cursor, parked or waiting rows, or copies for a deadLetterSink."""
    parked = (name.removesuffix(COMPANION) for name in loaded.parked)
    waiting = (row.trigger for row in loaded.waiting)
    return frozenset({*loaded.cursors, *parked, *waiting})


def has_ended(name: str, revisions: Revisions, with_rows: Collection[str], routed: int) -> bool:
    """Whether nothing is left of a removed trigger: if it comes again, it begins anew."""
    last = revisions.last(name)
    if last is None:
        return True
    return is_removed(last) and name not in with_rows and last.from_offset <= routed + 1


def leftovers(
    loaded: Loaded, revisions: Revisions, configured: Collection[str]
) -> Iterator[Leftover]:
    """Those that have not ended, by name."""
    with_rows = names_with_rows(loaded)
    for name in sorted(set(revisions) - set(configured)):
        document = revisions.document(name)
        if document is None or has_ended(name, revisions, with_rows, loaded.routed):
            continue
        is_gone = is_removed(revisions.last(name))
        is_level = not is_gone and loaded.routed >= loaded.last_offset
        is_open = name in with_rows or not is_level
        yield Leftover(name, document, is_open, is_gone)
