"""Which act of an operator left an event out, read from the audit. Pure."""

import re
from collections.abc import Iterable

from broker.storage.rows import Audit, Mark
from triggers.story.facts import Discard

_SOUGHT = re.compile(r"(?P<trigger>\S+): from offset (?P<first>\d+) to (?P<to>\d+)")


def discard_of(
    trigger: str, offset: int, acts: Iterable[Audit], mark: Mark | None
) -> Discard | None:
    """The latest of `acts`, newest first, that left `offset` out; None where none did.

    A seek back over it has it delivered again; one forward leaves it out, unless `mark`
    tells that the trigger had passed it before. Ending a removed trigger leaves out all
    that it had not come to.
    """
    for act in acts:
        if act.verb == "remove" and act.detail == f"{trigger}: discard":
            return _unless_passed(act, mark)
        sought = _SOUGHT.fullmatch(act.detail) if act.verb == "seek" else None
        if sought is None or sought["trigger"] != trigger:
            continue
        first, to = int(sought["first"]), int(sought["to"])
        if first <= offset < to:
            return _unless_passed(act, mark)
        if to <= offset < first:
            return None
    return None


def _unless_passed(act: Audit, mark: Mark | None) -> Discard | None:
    if mark is not None and mark.at < act.at:
        return None
    return Discard(act.at, act.by, act.verb)
