"""The schema of `kind: Broker`."""

from collections.abc import Sequence
from typing import Annotated

from deploy.config.schema_delivery import Delivery
from deploy.config.schema_parts import (
    Count,
    NetworkOrName,
    PositiveSeconds,
    Rate,
    Resource,
    Seconds,
    Size,
)
from deploy.config.shapes import Bounds, Shape

_MI = 2**20
_GI = 2**30


class RetentionFields(Shape):
    age: Seconds = 86_400.0
    bytes: Size = 10 * _GI


class LimitFields(Shape):
    max_event_bytes: Size = _MI
    max_batch_events: Count = 1_000
    max_batch_bytes: Size = 8 * _MI
    max_backlog_bytes: Size = 50 * _GI
    max_hops: Annotated[int, Bounds(0, 1_000)] = 16
    publish_rate: Rate = None


class DedupeFields(Shape):
    window: Seconds = 600.0


class DeadLetterFields(Shape):
    retention: PositiveSeconds = 14 * 86_400.0
    max_bytes: Size = 5 * _GI


class EgressFields(Shape):
    allow: Sequence[NetworkOrName] = ()
    deny: Sequence[NetworkOrName] = ()


class BrokerFields(Shape):
    delivery: Delivery = Delivery()
    retention: RetentionFields = RetentionFields()
    limits: LimitFields = LimitFields()
    dedupe: DedupeFields = DedupeFields()
    dead_letters: DeadLetterFields = DeadLetterFields()
    egress: EgressFields = EgressFields()


class BrokerResource(Resource):
    spec: BrokerFields = BrokerFields()
