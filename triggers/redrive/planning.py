"""What is shown of a plan: counts by what its dead letters have in common, and warnings. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from broker.storage.desk import Group
from broker.storage.sheet import Share
from triggers.redrive.plan import STATE_OF_VERB, Breakdown, Caveat, GroupShare, Verb

GROUPS_SHOWN = 20
ENOUGH_IN_A_ROW = 20  # deliveries since the last failure: then the sink is said to be well
AGES = (
    ("hour", timedelta(hours=1)),
    ("day", timedelta(days=1)),
    ("week", timedelta(weeks=1)),
)


@dataclass(frozen=True, slots=True)
class TriggerFacts:
    """How a trigger is while a plan is made; of one that is gone nothing else is known.

    `delivered_since` are deliveries since `last_failure` ("" where none is known);
    `sampled` dead letters were asked whether they match its filter now, and `differing` do not.
    """

    trigger: str
    is_there: bool = True
    is_paused: bool = False
    paused_why: str = ""
    target_state: str = "ready"
    last_failure: str = ""
    delivered_since: int = 0
    sampled: int = 0
    differing: int = 0


class Breaking:
    """Counts the dead letters of a plan as they come. `expiring_before`: who died before then
    is forgotten within a day; None where nobody ever is.
    """

    def __init__(self, now: datetime, expiring_before: datetime | None) -> None:
        self.since = sorted((now - age for _, age in AGES), reverse=True)
        self._expired: frozenset[int] = frozenset()  # ages of shares that are expiring
        if expiring_before is not None:
            self.since = sorted((*self.since, expiring_before), reverse=True)
            oldest = self.since.index(expiring_before)
            self._expired = frozenset(range(oldest + 1, len(self.since) + 1))
        self._age_names = _age_names(now, self.since)
        self._groups: Counter[tuple[str, str, str]] = Counter()  # by group, trigger, reason
        self._reasons: Counter[str] = Counter()
        self._triggers: Counter[str] = Counter()
        self._ages: Counter[str] = Counter(dict.fromkeys(("hour", "day", "week", "older"), 0))
        self._size_bytes = 0
        self.count = 0
        self.expiring = 0
        self.failed_before = 0

    def add(self, share: Share) -> None:
        """One that was asked for with `since`."""
        count = share.count
        self._groups[share.group, share.trigger, share.reason] += count
        self._reasons[share.reason] += count
        self._triggers[share.trigger] += count
        self._ages[self._age_names[share.age]] += count
        self._size_bytes += share.size_bytes
        self.count += count
        self.failed_before += share.redriven
        self.expiring += count if share.age in self._expired else 0

    @property
    def largest(self) -> list[str]:
        """The groups that are shown."""
        return [group for (group, _, _), _ in self._groups.most_common(GROUPS_SHOWN)]

    def breakdown(self, known: Mapping[str, Group]) -> Breakdown:
        """`known` are the groups of `largest` that there still are."""
        shares: list[GroupShare] = []
        for (name, trigger, reason), count in self._groups.most_common(GROUPS_SHOWN):
            group = known.get(name)
            status, pattern = (None, "") if group is None else (group.status, group.pattern)
            shares.append(GroupShare(name, trigger, reason, status, pattern, count))
        return Breakdown(
            self.count,
            self._size_bytes,
            tuple(shares),
            len({name for name, _, _ in self._groups}),
            dict(self._reasons.most_common()),
            dict(self._triggers.most_common()),
            dict(self._ages),
        )


def _age_names(now: datetime, since: Sequence[datetime]) -> list[str]:
    """What the ages of shares are called, when `since` was asked for."""
    newest = [*since, datetime.min.replace(tzinfo=UTC)]  # of each age: nobody died before
    return [
        next((name for name, most in AGES if now - most <= moment), "older") for moment in newest
    ]


def warnings_of(
    verb: Verb, seen: Breaking, facts: Sequence[TriggerFacts], is_complete: bool, missing: int
) -> tuple[Caveat, ...]:
    """What is to be known before `verb` is carried out; `missing` were named and are not in it."""
    found: list[Caveat] = []
    if missing:
        state = STATE_OF_VERB.get(verb)
        other = "" if state is None else f", or not {state.value}"
        text = f"{missing:,} of those named are not there{other}: they are left out"
        found.append(Caveat("missing", text, count=missing))
    if not is_complete:
        found.append(Caveat("cut", f"only the {seen.count:,} that were found first are in it"))
    if verb == "redrive":
        for one in facts:
            found += _warnings_of_trigger(one)
    if seen.failed_before and verb == "redrive":
        text = f"{seen.failed_before:,} were redriven before and failed again"
        found.append(Caveat("failed-before", text, count=seen.failed_before))
    if seen.expiring and verb != "discard":
        text = f"{seen.expiring:,} are past their retention within 24 h"
        found.append(Caveat("expiring", text, count=seen.expiring))
    return tuple(found)


def slow_caveat(trigger: str, per_second: float) -> Caveat:
    """Of a plan whose rate is more than the trigger that takes longest can do."""
    text = f"{trigger} took at most {per_second:,.0f} a second lately: a higher rate saves no time"
    return Caveat("slower", text, trigger)


def _warnings_of_trigger(facts: TriggerFacts) -> list[Caveat]:
    name = facts.trigger
    if not facts.is_there:
        text = f"{name} is not configured any more: those of it are left as they are"
        return [Caveat("trigger-gone", text, name)]
    found: list[Caveat] = []
    if facts.is_paused:
        why = f" ({facts.paused_why})" if facts.paused_why else ""
        text = f"{name} is paused{why}: those of it wait until it is resumed"
        found.append(Caveat("trigger-paused", text, name))
    if (failing := _failing(facts)) is not None:
        found.append(failing)
    if facts.differing:
        text = (
            f"of {facts.sampled} of {name} that were looked at, {facts.differing} do not match"
            " its filter today: they are delivered all the same"
        )
        found.append(Caveat("filter-differs", text, name, facts.differing))
    return found


def _failing(facts: TriggerFacts) -> Caveat | None:
    if facts.target_state not in ("ready", "ramp"):
        text = f"the sink of {facts.trigger} is {facts.target_state}: it takes nothing now"
        return Caveat("sink-failing", text, facts.trigger)
    if not facts.last_failure or facts.delivered_since >= ENOUGH_IN_A_ROW:
        return None
    since = facts.delivered_since
    text = f"the latest calls of {facts.trigger}'s sink failed; {since} delivered since"
    return Caveat("sink-failing", text, facts.trigger, since, facts.last_failure)
