"""The schema of `kind: Broker`."""

from typing import Annotated

from pydantic import Field

from deploy.config.schema_delivery import Delivery
from deploy.config.schema_parts import (
    Count,
    NetworkOrName,
    PositiveSeconds,
    Rate,
    Resource,
    Seconds,
    Size,
    Strict,
)

_MI = 2**20
_GI = 2**30


class RetentionFields(Strict):
    age: Seconds = 86_400.0
    bytes: Size = 10 * _GI


class LimitFields(Strict):
    max_event_bytes: Size = _MI
    max_batch_events: Count = 1_000
    max_batch_bytes: Size = 8 * _MI
    max_backlog_bytes: Size = 50 * _GI
    max_hops: Annotated[int, Field(ge=0, le=1_000)] = 16
    publish_rate: Rate = None


class DedupeFields(Strict):
    window: Seconds = 600.0


class DeadLetterFields(Strict):
    retention: PositiveSeconds = 14 * 86_400.0
    max_bytes: Size = 5 * _GI


class EgressFields(Strict):
    allow: list[NetworkOrName] = Field(default_factory=list)
    deny: list[NetworkOrName] = Field(default_factory=list)


class BrokerFields(Strict):
    delivery: Delivery = Delivery()
    retention: RetentionFields = RetentionFields()
    limits: LimitFields = LimitFields()
    dedupe: DedupeFields = DedupeFields()
    dead_letters: DeadLetterFields = DeadLetterFields()
    egress: EgressFields = EgressFields()


class BrokerResource(Resource):
    spec: BrokerFields = BrokerFields()
