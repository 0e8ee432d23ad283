"""The reply event of a model's answer: made so that a redelivery's reply is its duplicate."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from broker.codec import Limits, make_event
from broker.delivery import Delivered, Delivery
from broker.errors import TooLarge
from broker.event import Event
from sinks.inference.base32 import base32_text
from sinks.inference.overflow import Large, Overflow
from sinks.inference.template import Template
from sinks.spec import InferenceSinkSpec

_CONFIGURED = frozenset(("namespace", "broker", "trigger", "model"))
_DEFAULT_SOURCE = "/{namespace}/{broker}/{trigger}/{model}"
_CORE = frozenset(
    [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "dataschema",
        "datacontenttype",
        "dataref",
        "headracehops",
    ]
)


class ReplyWriter:
    """Writes the replies of one sink, or of one variant of it.

    `broker_of` gives the broker's name of a trigger. `is_none`: the sink has no replies.
    """

    def __init__(
        self,
        spec: InferenceSinkSpec,
        model: str,
        broker_of: Callable[[str], str],
        limits: Limits,
        variant: str | None = None,
    ) -> None:
        self._type = Template(spec.reply.type, _CONFIGURED)
        self._source = Template(spec.reply.source or _DEFAULT_SOURCE, _CONFIGURED, in_url=True)
        self._copies_all = "*" in spec.reply.copy_extensions
        copied = set(spec.reply.copy_extensions) - _CORE - {"*"}
        self._copied = tuple(copied | {"traceparent", "subject"})
        self.model = model
        self._variant = variant
        self.version = spec.version
        self._broker_of = broker_of
        self._limits = limits
        self._bytes_max = min(spec.reply.max_bytes, limits.event_bytes)
        self.is_none = spec.reply_mode == "none"
        self._time: tuple[datetime | None, str] = (None, "")  # the latest, and as it is written
        self.overflow: Overflow | None = None
        if spec.reply.overflow is not None:
            self.overflow = Overflow(spec.reply.overflow, is_resent=spec.is_resent)

    @property
    def reads_data(self) -> bool:
        """Whether `attributes` looks at an event's data."""
        return self._type.reads_data or self._source.reads_data

    def attributes(self, delivery: Delivery, data: Any) -> dict[str, str]:
        """What is known before the call. Raises Invalid where a template finds nothing."""
        event = delivery.event
        namespace, _, trigger = delivery.trigger.partition("/")
        configured = {
            "namespace": namespace,
            "broker": self._broker_of(delivery.trigger).rpartition("/")[2],
            "trigger": trigger,
            "model": self.model,
        }
        attributes = {
            **self._copies(event.attributes),
            "specversion": "1.0",
            "id": reply_id(delivery),
            "source": self._source.fill(event.attributes, data, configured),
            "type": self._type.fill(event.attributes, data, configured),
            "datacontenttype": "application/json",
            "causeid": event.id,
            "causesource": event.source,
            "correlationid": event.attributes.get("correlationid", event.id),
            "inferencemodel": self.model,
        }
        if self.version is not None:
            attributes["inferenceversion"] = self.version
        if self._variant is not None:
            attributes["inferencevariant"] = self._variant
        return attributes

    def reply(
        self,
        delivery: Delivery,
        attributes: Mapping[str, str],
        data: bytes,
        now: datetime,
        call_seconds: float,
        status: int | None = None,
    ) -> Delivered | Large:
        """Delivered with its reply, or what must be stored first. Raises as `event` does."""
        overflow = self._overflow_for(delivery, data)
        if overflow is None:
            return Delivered(self.event(attributes, data, now, call_seconds), status)
        name = data_name(attributes)
        referring = {**attributes, "dataref": overflow.place.dataref(name)}
        return Large(Delivered(self.event(referring, None, now, call_seconds), status), name, data)

    def referring(self, delivery: Delivery, event: Event, status: int | None) -> Delivered | Large:
        """As `reply`, for an event that the model itself answered."""
        overflow, data = self._overflow_for(delivery, event.data or b""), event.data or b""
        if overflow is None:
            self.check_size(data)
            return Delivered(event, status)
        name = data_name(event.attributes)
        without = make_event({**event.attributes, "dataref": overflow.place.dataref(name)}, None)
        return Large(Delivered(without, status), name, data)

    def _overflow_for(self, delivery: Delivery, data: bytes) -> Overflow | None:
        """Where large data goes. A file job writes results itself, and has no use for a name."""
        is_large = len(data) > self._bytes_max and not delivery.step.startswith("file/")
        return self.overflow if is_large else None

    def event(
        self, attributes: Mapping[str, str], data: bytes | None, now: datetime, call_seconds: float
    ) -> Event:
        """The reply. Raises InvalidEvent, or TooLarge beyond the limits."""
        self.check_size(data or b"")
        answered = {
            **attributes,
            "time": self._time_of(now),
            "inferencems": str(round(call_seconds * 1000)),
        }
        return make_event(answered, data, self._limits)

    def _time_of(self, now: datetime) -> str:
        """The replies of one call share it."""
        if now is not self._time[0]:
            text = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._time = now, text
        return self._time[1]

    def check_size(self, data: bytes) -> None:
        """Raises TooLarge for data that no reply of this sink may have."""
        if len(data) > self._bytes_max:
            raise TooLarge(
                f"the reply has {len(data):,} bytes, the limit is {self._bytes_max:,}",
                where="reply",
                remedy="take less of the model's answer with output.path, store large ones at "
                "reply.overflow, or raise reply.maxBytes (and the broker's maxEventBytes)",
            )

    def _copies(self, attributes: Mapping[str, str]) -> dict[str, str]:
        """The intake counts hops itself, so `headracehops` is never copied."""
        if self._copies_all:
            return {n: v for n, v in attributes.items() if n not in _CORE or n == "subject"}
        return {name: attributes[name] for name in self._copied if name in attributes}


def model_name(spec: InferenceSinkSpec) -> str:
    """What replies call the model: where nobody names it, as the sink is called."""
    return spec.model or spec.name.rpartition("/")[2]


def data_name(attributes: Mapping[str, str]) -> str:
    """What the data of a reply is stored as."""
    media_type = attributes.get("datacontenttype", "").partition(";")[0].strip().lower()
    is_json = media_type.endswith(("/json", "+json"))
    return attributes["id"] + (".json" if is_json else "")


def reply_id(delivery: Delivery) -> str:
    """The same for each attempt of a delivery, another for each replay of its event."""
    step = "reply" if delivery.step == "deliver" else delivery.step
    named = (delivery.trigger, delivery.event.source, delivery.event.id, step)
    return base32_text(hashlib.sha256("\0".join(named).encode()).digest())
