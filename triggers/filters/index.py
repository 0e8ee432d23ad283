"""The trigger index: which of many filters match one event, at the cost of a few probes.

An exact condition is one dict probe, a prefix or suffix one probe per distinct length;
filters without an indexable condition are asked, CESQL ones fused into one function.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

from broker.admission import SYSTEM_TYPES
from broker.event import Event
from triggers.filters.asked import Asked
from triggers.filters.combined import Everything
from triggers.filters.entry import Bucket, Entry
from triggers.filters.filter import Filter, Key
from triggers.filters.guarded import Guarded
from triggers.filters.keys import key_choices

T = TypeVar("T", bound=Hashable)

# From a value to its bucket. An absent attribute is looked up as None, which is nobody's
# value, or as empty text, which is no prefix or suffix: the probes need no branch for it.
Table = dict[str | None, Bucket[T]]
Ends = list[tuple[str, list[tuple[int, Table[T]]]]]

_KIND_RANK = {"exact": 0, "prefix": 1, "suffix": 2}


class FilterIndex(Generic[T]):
    """Items by the filter they wait behind; `match` gives them in the order of adding."""

    __slots__ = (
        "_added",
        "_asked",
        "_asks",
        "_buckets",
        "_entries",
        "_exact",
        "_guarded",
        "_prefixes",
        "_suffixes",
        "_tables",
    )

    def __init__(self) -> None:
        self._added = 0
        self._entries: dict[T, Entry[T]] = {}
        self._guarded: set[T] = set()  # those that no event about headrace may reach
        self._asked: Asked[T] = Asked()
        self._asks = False  # whether anything is in `_asked`: a field is cheaper than a call
        self._buckets: dict[Key, Bucket[T]] = {}
        self._tables: dict[tuple[str, str, int], Table[T]] = {}  # by `_place`
        # The same tables as `match` walks them.
        self._exact: list[tuple[str, Table[T]]] = []
        self._prefixes: Ends[T] = []
        self._suffixes: Ends[T] = []

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, item: T) -> bool:
        return item in self._entries

    def add(self, item: T, subject: Filter) -> None:
        """Put `item` behind the filter `subject`; an item is in the index at most once."""
        if item in self._entries:
            raise ValueError(f"{item!r} is in the index already; remove it first")
        if isinstance(subject, Guarded):
            # The guard is asked here, once for all: behind it indexes work as without.
            self._guarded.add(item)
            subject = subject.subject
        keys = self._narrowest(key_choices(subject))
        always = subject.exact_keys if keys else isinstance(subject, Everything)
        self._added += 1
        entry = self._entries[item] = Entry(self._added, item, subject, keys, always)
        for key in keys:
            self._bucket(key).add(entry)
        if not keys:
            self._asked.add(entry)
            self._asks = True

    def remove(self, item: T) -> None:
        """Take `item` out; KeyError where it is not in."""
        entry = self._entries.pop(item)
        self._guarded.discard(item)
        for key in entry.keys:
            bucket = self._buckets[key]
            bucket.remove(entry)
            if not bucket:
                self._drop(key)
        if not entry.keys:
            self._asked.remove(entry)
            self._asks = len(self._asked) > 0

    def prepare(self) -> None:
        """Compile now what the next `match` would have to compile after a change."""
        self._asked.prepare()

    def match(self, event: Event) -> list[T]:
        """The items whose filters match `event`, in the order of adding; a list of its own."""
        kind = event.type
        # One character tells most of them apart, at a third of the price of the whole look.
        if kind[0] == "d" and kind.startswith(SYSTEM_TYPES):
            return self._match_own(event)
        attributes = event.attributes
        hits: list[Bucket[T]] = []
        for name, table in self._exact:
            bucket = table.get(attributes.get(name))
            if bucket is not None:
                hits.append(bucket)
        for name, lengths in self._prefixes:
            value = attributes.get(name, "")
            for length, ends in lengths:
                bucket = ends.get(value[:length])
                if bucket is not None:
                    hits.append(bucket)
        for name, lengths in self._suffixes:
            value = attributes.get(name, "")
            for length, ends in lengths:
                bucket = ends.get(value[-length:])
                if bucket is not None:
                    hits.append(bucket)
        if self._asks or len(hits) > 1:
            return self._merged(hits, event)
        if not hits:
            return []
        bucket = hits[0]
        return bucket.matching(event) if bucket.items is None else bucket.items.copy()

    def _match_own(self, event: Event) -> list[T]:
        """The same for an event about headrace, of which there are few: each is asked."""
        return [
            item
            for item, entry in self._entries.items()
            if item not in self._guarded and entry.filter.matches(event)
        ]

    def _merged(self, hits: list[Bucket[T]], event: Event) -> list[T]:
        """What several buckets and the asked filters give, each item once, in order."""
        found: dict[int, T] = {}
        for bucket in hits:
            bucket.collect(event, found)
        self._asked.collect(event, found)
        return [found[order] for order in sorted(found)]

    def _narrowest(self, choices: tuple[tuple[Key, ...], ...]) -> tuple[Key, ...]:
        """The choice whose buckets are least crowded now; empty where there is no choice."""

        def cost(keys: tuple[Key, ...]) -> tuple[int, int, int]:
            crowd = max(len(self._buckets.get(key, ())) for key in keys)
            return crowd, max(_KIND_RANK[key.kind] for key in keys), len(keys)

        return min(choices, key=cost, default=())

    def _bucket(self, key: Key) -> Bucket[T]:
        """The bucket of `key`, put where `match` will probe for it if it is new."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket()
            table = self._tables.setdefault(_place(key), {})
            table[key.value] = bucket
            if len(table) == 1:
                self._arrange()
        return bucket

    def _drop(self, key: Key) -> None:
        """Forget the empty bucket of `key`, and a table that would be probed for nothing."""
        del self._buckets[key]
        table = self._tables[_place(key)]
        del table[key.value]
        if not table:
            del self._tables[_place(key)]
            self._arrange()

    def _arrange(self) -> None:
        """Lay the tables out as `match` walks them; only after one came or went."""
        tables = self._tables.items()
        self._exact = [(name, table) for (kind, name, _), table in tables if kind == "exact"]
        self._prefixes = self._by_length("prefix")
        self._suffixes = self._by_length("suffix")

    def _by_length(self, wanted: str) -> Ends[T]:
        lengths: dict[str, list[tuple[int, Table[T]]]] = {}
        for (kind, name, length), table in self._tables.items():
            if kind == wanted:
                lengths.setdefault(name, []).append((length, table))
        return list(lengths.items())


def _place(key: Key) -> tuple[str, str, int]:
    """Which table holds `key`: one per attribute, for prefixes and suffixes one per length."""
    return key.kind, key.attribute, 0 if key.kind == "exact" else len(key.value)
