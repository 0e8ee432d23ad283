"""The schema of `kind: Trigger`. What a filter may say is judged by triggers.filters."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from deploy.config.mistakes import InvalidValue
from deploy.config.quantities import moment
from deploy.config.schema_delivery import Delivery, Destination
from deploy.config.schema_parts import AttributeName, Name, Rate, Resource, Strict


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


Start = Annotated[Literal["latest", "earliest"] | datetime, BeforeValidator(_start)]


class AttributeFilter(Strict):
    attributes: dict[str, str] = Field(default_factory=dict)


class OrderFields(Strict):
    by: AttributeName


class TriggerLimits(Strict):
    max_in_flight: Annotated[int, Field(ge=1, le=10_000)] = 32
    rate: Rate = None


class TriggerFields(Strict):
    broker: Name = "default"
    filters: list[dict[str, Any]] = Field(default_factory=list)
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
        return self.filter.attributes if self.filter is not None and not self.filters else None


class TriggerResource(Resource):
    spec: TriggerFields
