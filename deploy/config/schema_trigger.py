"""The schema of `kind: Trigger`. What a filter may say is judged by triggers.filters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

from deploy.config.mistakes import InvalidValue
from deploy.config.quantities import moment
from deploy.config.schema_delivery import Delivery, Destination
from deploy.config.schema_parts import AttributeName, Name, Rate, Resource
from deploy.config.shapes import Bounds, Read, Shape


def _start(value: Any) -> Any:
    if not isinstance(value, str):
        raise InvalidValue("is no place to begin", remedy="write latest, earliest or a time")
    try:
        return value if value in {"latest", "earliest"} else moment(value)
    except InvalidValue as error:
        raise InvalidValue(
            "is neither latest, earliest nor an RFC 3339 time",
            remedy="write latest, earliest or a time such as 2026-01-31T12:00:00Z",
        ) from error


Start = Annotated[Literal["latest", "earliest"] | datetime, Read(_start)]


class AttributeFilter(Shape):
    attributes: Mapping[str, str] = MappingProxyType({})


class OrderFields(Shape):
    by: AttributeName


class TriggerLimits(Shape):
    max_in_flight: Annotated[int, Bounds(1, 10_000)] = 32
    rate: Rate = None


class TriggerFields(Shape):
    broker: Name = "default"
    filters: Sequence[Mapping[str, Any]] = ()
    filter: AttributeFilter | None = None
    subscriber: Destination | None = None  # reported as missing where names are linked
    delivery: Delivery = Delivery()
    start: Start = "latest"
    paused: bool = False
    order: OrderFields | None = None
    limits: TriggerLimits = TriggerLimits()
    on_full: Literal["refuse", "dead-letter"] = "refuse"

    @property
    def attributes(self) -> dict[str, str] | None:
        """The older way to filter, which `filters` replaces where both are given."""
        if self.filter is None or self.filters:
            return None
        return dict(self.filter.attributes)


class TriggerResource(Resource):
    spec: TriggerFields
