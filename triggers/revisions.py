"""Every revision of a partition's triggers, those of removed ones too."""

from collections.abc import Iterable, Iterator

from broker.storage.rows import Revision

REMOVED_SPEC = b'{"removed":true}'


class Revisions:
    """By trigger, ascending by number.

    For an offset the last one counts whose `from_offset` is not beyond it: a seek may begin
    again before what earlier ones began with.
    """

    def __init__(self, revisions: Iterable[Revision] = ()) -> None:
        self._by_trigger: dict[str, list[Revision]] = {}
        for revision in revisions:
            self.add(revision)

    def add(self, revision: Revision) -> None:
        self._by_trigger.setdefault(revision.trigger, []).append(revision)

    def of(self, trigger: str) -> tuple[Revision, ...]:
        return tuple(self._by_trigger.get(trigger, ()))

    def last(self, trigger: str) -> Revision | None:
        found = self._by_trigger.get(trigger)
        return found[-1] if found else None

    def document(self, trigger: str) -> bytes | None:
        """The latest spec that was applied, also of a removed trigger."""
        specs = (one.spec for one in reversed(self._by_trigger.get(trigger, [])))
        return next((spec for spec in specs if spec != REMOVED_SPEC), None)

    def __iter__(self) -> Iterator[str]:
        """The names of all triggers that ever were."""
        return iter(self._by_trigger)


def is_removed(revision: Revision | None) -> bool:
    """Whether it is the end of a trigger: it matches nothing."""
    return revision is not None and revision.spec == REMOVED_SPEC
