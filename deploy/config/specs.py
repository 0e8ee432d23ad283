"""Checked fields to the specs that brokers, sinks and triggers are assembled from."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.config.broker_spec import BrokerLimits, BrokerSpec, DeadLetterRetention, Retention
from deploy.config.resources import Declared
from deploy.config.schema_delivery import Delivery
from deploy.config.schema_delivery import Signing as SigningFields
from sinks.spec import Egress, FileSinkSpec, HttpSinkSpec, InferenceSinkSpec, Signing, SinkSpec
from triggers.trigger import DeliveryPolicy, TriggerSpec

if TYPE_CHECKING:  # the schema of a kind is imported only where a resource is of that kind
    from deploy.config.schema_broker import BrokerFields
    from deploy.config.schema_file_sink import FileSinkFields
    from deploy.config.schema_trigger import TriggerFields


def delivery_fields(delivery: Delivery) -> dict[str, Any]:
    """What was written of a delivery, field by field, for merging."""
    return dict(vars(delivery))


def delivery_policy(fields: Mapping[str, Any]) -> DeliveryPolicy:
    """The policy of merged delivery fields; what nobody wrote is the built-in default."""
    delivery = Delivery(**fields)
    return DeliveryPolicy(
        retry=delivery.retry,
        backoff_policy=delivery.backoff_policy,
        backoff_delay_seconds=delivery.backoff_delay,
        backoff_max_seconds=delivery.backoff_max,
        timeout_seconds=delivery.timeout,
        max_age_seconds=delivery.max_age,
        retry_after_max_seconds=delivery.retry_after_max,
    )


def broker_spec(declared: Declared) -> BrokerSpec:
    fields: BrokerFields = declared.fields.spec
    limits = fields.limits
    return BrokerSpec(
        name=declared.name,
        delivery=delivery_policy(delivery_fields(fields.delivery)),
        retention=Retention(fields.retention.age, fields.retention.bytes),
        limits=BrokerLimits(
            event_bytes=limits.max_event_bytes,
            batch_events=limits.max_batch_events,
            batch_bytes=limits.max_batch_bytes,
            backlog_bytes=limits.max_backlog_bytes,
            hops=limits.max_hops,
            publish_rate_per_second=limits.publish_rate,
        ),
        dedupe_window_seconds=fields.dedupe.window,
        dead_letters=DeadLetterRetention(
            fields.dead_letters.retention, fields.dead_letters.max_bytes
        ),
        egress=Egress(tuple(fields.egress.allow), tuple(fields.egress.deny)),
    )


def file_sink_spec(declared: Declared) -> FileSinkSpec:
    """A relative path counts from the folder of the YAML file."""
    fields: FileSinkFields = declared.fields.spec
    path = Path(declared.document.file).parent / fields.path
    return FileSinkSpec(declared.name, str(path.absolute()), fields.rotate_bytes)


def http_options(delivery: Mapping[str, Any], broker: BrokerSpec | None) -> HttpSinkSpec:
    """An HTTP sink of merged delivery fields, but for its URL."""
    signing: SigningFields | None = delivery.get("signing")
    return HttpSinkSpec(
        url="",
        format=delivery.get("format", "binary"),
        signing=Signing(signing.secret, signing.previous) if signing else None,
        egress=broker.egress if broker else Egress(),
    )


def trigger_spec(
    declared: Declared,
    broker: BrokerSpec,
    sink: SinkSpec,
    delivery: Mapping[str, Any],
    dead_letter_sink: SinkSpec | None,
) -> TriggerSpec:
    """`delivery` are the merged fields. A model's own timeout gives way only to the trigger's."""
    fields: TriggerFields = declared.fields.spec
    policy = delivery_policy(delivery)
    own_timeout = "timeout" in vars(fields.delivery)
    if isinstance(sink, InferenceSinkSpec) and not own_timeout:
        policy = replace(policy, timeout_seconds=sink.timeout_seconds)
    return TriggerSpec(
        name=declared.name,
        broker=broker.name,
        sink=sink,
        document=_document(declared),
        filters=tuple(fields.filters),
        attributes=fields.attributes,
        policy=policy,
        dead_letter_sink=dead_letter_sink,
        start=fields.start,
        paused=fields.paused,
        order_by=fields.order.by if fields.order else None,
        max_in_flight=fields.limits.max_in_flight,
        rate_per_second=fields.limits.rate,
        on_full=fields.on_full,
    )


def _document(declared: Declared) -> dict[str, Any]:
    """The resource as stored with a revision: as written, secrets still references."""
    namespace, _, name = declared.name.partition("/")
    return {**declared.written, "metadata": {"name": name, "namespace": namespace}}
