"""The pages of a listing cut into stretches that can be laid beside the records. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from sources.s3.listing import Listed, Page
from sources.s3.record_keys import escaped

CARRIED_VERSIONS_MAX = 10_000  # of one key, over several pages


class Span(NamedTuple):
    """`versions` are all that is there of the keys > `lower` and <= `upper` (None: to the end).

    `singles` are to be looked up one by one, and what is missing beside them is no sign.
    """

    lower: str
    upper: str | None
    versions: Sequence[Listed]
    singles: Sequence[Listed] = ()


class Spans:
    """Feeds on the pages of one listing from key `lower` to key `until` (None: the end).

    Keys must ascend by their bytes; a server that has another order (`is_unordered`), or a key
    of more versions than are carried, gives singles from there on.
    """

    def __init__(self, lower: str, until: str | None, is_versioned: bool) -> None:
        self.is_over = False
        self.is_unordered = False
        self._carried: Sequence[Listed] = ()  # of a key whose versions are not all here
        self._lower = lower
        self._until = until
        self._is_versioned = is_versioned
        self._endless: str | None = None  # a key of too many versions

    def take(self, page: Page) -> Span:
        versions = [*self._carried, *page.versions]
        self._carried = ()
        self.is_over = page.next_query is None
        if not self._is_ascending(versions):
            self.is_unordered = True
        if self.is_unordered:
            return Span(self._lower, self._lower, (), versions)
        singles = [one for one in versions if one.key == self._endless]
        within = [one for one in versions[len(singles) :] if self._is_within(one.key)]
        self.is_over |= len(within) + len(singles) < len(versions)
        if self.is_over:
            return Span(self._lower, self._until, within, singles)
        return self._cut(within, singles)

    def _cut(self, within: Sequence[Listed], singles: Sequence[Listed]) -> Span:
        """As far as nothing more can come of any key."""
        lower, whole = self._lower, within
        if self._is_versioned and within:
            last = within[-1].key
            whole = [one for one in within if one.key != last]
            self._carried = within[len(whole) :]
        self._lower = whole[-1].key if whole else lower
        span = Span(lower, self._lower, whole, singles)
        if len(self._carried) <= CARRIED_VERSIONS_MAX:
            return span
        endless, self._carried = self._carried, ()
        self._lower = self._endless = endless[0].key
        return span._replace(singles=endless)

    def _is_within(self, key: str) -> bool:
        return self._until is None or escaped(key) <= escaped(self._until)

    def _is_ascending(self, versions: Sequence[Listed]) -> bool:
        keys = [escaped(self._lower), *[escaped(one.key) for one in versions]]
        return all(keys[index] <= keys[index + 1] for index in range(len(keys) - 1))
