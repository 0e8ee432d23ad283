"""Where a redrive goes: to the subscriber that failed, to another sink, or to a whole broker. Pure.

The sink is one of the configuration, by `namespace/name`, or an HTTP endpoint by its URL; a
broker publishes the events to all of its triggers again, as if whoever redrives had sent them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from broker.errors import Invalid

NAMES_SHOWN = 10
OWN_BROKER = "."  # that of the dead letters, in place of its name


@dataclass(frozen=True, slots=True)
class Aim:
    """At most one of both; neither is each dead letter's own trigger, with its present sink."""

    sink: str | None = None
    broker: str | None = None

    def __str__(self) -> str:
        """For the audit, after the id of a plan."""
        if self.sink is not None:
            return f" to sink {self.sink}"
        return "" if self.broker is None else f" to broker {self.broker}"


OWN = Aim()


def check_aim(aim: Aim) -> None:
    """Raises Invalid where both are said."""
    if aim.sink is not None and aim.broker is not None:
        raise Invalid(
            "a redrive goes to a sink or to a broker, not to both",
            code="bad-parameter",
            where="to_broker",
            remedy="leave out one of the two",
        )


def is_url(sink: str) -> bool:
    """Whether a sink is named by its URL, not by its name in the configuration."""
    return "://" in sink


def found_name(kind: str, name: str, namespace: str, names: Sequence[str]) -> str:
    """The one of `names` that `name` means, within `namespace` unless it says another.

    Raises Invalid with what there is.
    """
    full = name if "/" in name else f"{namespace}/{name}"
    if full in names:
        return full
    near = get_close_matches(full, names, 1)
    some = sorted(names)[:NAMES_SHOWN]
    more = f", and {len(names) - len(some)} more" if len(names) > len(some) else ""
    there = f"there are: {', '.join(some)}{more}" if some else f"there is no {kind} at all"
    raise Invalid(
        f"there is no {kind} {full[:200]}",
        code=f"unknown-{kind}",
        where=f"to_{kind}",
        remedy=f"did you mean {near[0]}? {there}" if near else there,
    )
