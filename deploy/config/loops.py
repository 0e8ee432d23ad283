"""Would a trigger match the replies of its own sink? Then each event would go round for ever."""

from collections.abc import Mapping, Sequence
from typing import Any

from broker.codec import make_event
from sinks.spec import InferenceSinkSpec
from triggers.filters.build import build_filter

# What every reply has, with values that no filter is likely to name.
_OF_EVERY_REPLY = {
    "specversion": "1.0",
    "id": "a-reply",
    "time": "2026-01-01T00:00:00Z",
    "datacontenttype": "application/json",
    "inferencemodel": "a-model",
    "inferenceversion": "1",
    "inferencems": "1",
    "causeid": "an-event",
    "causesource": "/a-source",
    "correlationid": "an-event",
}
_DIALECTS = frozenset({"exact", "prefix", "suffix"})


def matches_own_replies(
    filters: Sequence[Mapping[str, Any]],
    attributes: Mapping[str, str] | None,
    sink: InferenceSinkSpec,
) -> bool:
    """True where a reply to a matching event would match as well.

    Not decided are templates in `reply.type` and what CESQL asks of copied attributes:
    there the hop limit stops the round.
    """
    if "{" in sink.reply.type or sink.reply_mode == "none":
        return False
    # Nobody can tell here what a template gives, or the default, which names the trigger.
    source = sink.reply.source
    if source is None or "{" in source:
        source = "/the-source-of-replies"
    copied = {"subject", *sink.reply.copy_extensions}
    remaining = [left for item in filters if (left := _without(item, copied))]
    asked = _left(attributes or {}, copied)
    own = {"type": sink.reply.type, "source": source, **_of_some(sink)}
    reply = make_event({**_OF_EVERY_REPLY, **own}, data=None)
    return build_filter(remaining, asked or None).matches(reply)


def _of_some(sink: InferenceSinkSpec) -> dict[str, str]:
    """What replies have besides, where the sink has variants or asks for texts."""
    variant = {"inferencevariant": "a-variant"} if sink.variants else {}
    return variant | ({"inferencefinish": "stop"} if sink.protocol == "openai" else {})


def _without(item: Mapping[str, Any], copied: set[str]) -> dict[str, Any]:
    """`item` without conditions on attributes that the reply takes over from its event."""
    (dialect, condition), *_ = item.items()
    if dialect in _DIALECTS:
        left = _left(condition, copied)
        return {dialect: left} if left else {}
    if dialect == "all":
        inner = [left for part in condition if (left := _without(part, copied))]
        return {"all": inner} if inner else {}
    return dict(item)


def _left(condition: Mapping[str, str], copied: set[str]) -> dict[str, str]:
    if "*" not in copied:
        return {name: value for name, value in condition.items() if name not in copied}
    kept = {"id", "source", "type", "specversion", "time", "datacontenttype"}
    return {name: value for name, value in condition.items() if name in kept}
