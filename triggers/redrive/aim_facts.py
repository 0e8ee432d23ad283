"""What is to be known before a redrive that goes elsewhere. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from triggers.redrive.aim import Aim
from triggers.redrive.plan import Caveat
from triggers.redrive.planning import TriggerFacts


@dataclass(frozen=True, slots=True)
class SinkFacts:
    """How another sink is while a plan is made. `kinds` are those of the triggers' own sinks."""

    name: str
    kind: str
    kinds: frozenset[str]
    target_state: str = "ready"
    last_failure: str = ""
    delivered_since: int = 0


def caveats_of(aim: Aim, facts: SinkFacts | None) -> list[Caveat]:
    """What is to be known before a redrive that goes elsewhere."""
    if aim.broker is not None:
        text = (
            f"every trigger of {aim.broker} that matches gets it again; nothing is tried first,"
            " so there is no canary, and each is done with when its event is stored"
        )
        return [Caveat("to-broker", text)]
    if aim.sink is None or facts is None:
        return []
    found = [Caveat("to-sink", f"they go to {aim.sink}, not to the sinks that failed")]
    others = sorted(facts.kinds - {facts.kind})
    if others:
        own = " and ".join(others)
        text = (
            f"{aim.sink} is of the kind {facts.kind}, and what failed is of the kind {own}:"
            " it may not understand these events"
        )
        found.append(Caveat("sink-kind", text))
    if facts.target_state not in ("ready", "ramp"):
        text = f"{aim.sink} is {facts.target_state}: it takes nothing now"
        found.append(Caveat("sink-failing", text))
    elif facts.last_failure:
        text = f"the latest calls of {aim.sink} failed; {facts.delivered_since} delivered since"
        found.append(Caveat("sink-failing", text, None, facts.delivered_since, facts.last_failure))
    return found


def concerning(aim: Aim, facts: Sequence[TriggerFacts]) -> Sequence[TriggerFacts]:
    """What of the triggers matters to a redrive: nothing of their sinks where it goes elsewhere.

    Nor that they are paused; and what is published asks for none of them.
    """
    if aim.broker is not None:
        return ()
    if aim.sink is None:
        return facts
    return [replace(one, is_paused=False, target_state="ready", last_failure="") for one in facts]
