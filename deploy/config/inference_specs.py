"""Checked fields of an InferenceSink to the spec that its sink is made from."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from broker.delivery import OutcomeClass
from deploy.config.resources import Declared
from deploy.config.urls import file_url
from sinks.inference_spec import (
    Auth,
    BatchSpec,
    BreakerSpec,
    ClassifyRule,
    HoldSpec,
    InferenceSinkSpec,
    LimitSpec,
    OverflowSpec,
    ReplySpec,
    ScaleSpec,
    TimeoutSpec,
    TlsSpec,
    VariantSpec,
)

if TYPE_CHECKING:  # the schema of a kind is imported only where a resource is of that kind
    from deploy.config.schema_inference import InferenceFields


def inference_sink_spec(declared: Declared) -> InferenceSinkSpec:
    """Relative files count from the folder of the YAML file.

    Raises InvalidValue where `url` of an onnx model is no file: URL.
    """
    fields: InferenceFields = declared.fields.spec
    folder = Path(declared.document.file).parent
    url, *replicas = fields.url
    return InferenceSinkSpec(
        name=declared.name,
        protocol=fields.protocol,
        url=file_url(url, folder) if fields.protocol == "onnx" else url,
        replicas=tuple(replicas),
        input=fields.input.as_written() if fields.input else {},
        output=fields.output.as_written(),
        model=fields.model,
        version=fields.version,
        server=fields.server,
        task=fields.task,
        path=fields.path,
        ready_path=fields.ready_path,
        binary=_binary(fields),
        reply=_reply(fields, folder),
        batch=_batch(fields),
        limits=_limits(fields),
        timeouts=_timeouts(fields),
        hold=_hold(fields),
        breaker=_breaker(fields),
        scale=_scale(fields),
        headers=dict(fields.headers),
        auth=_auth(fields),
        tls=_tls(fields, folder),
        is_resent=fields.resend == "allowed",
        classify=tuple(
            ClassifyRule(OutcomeClass(rule.class_), rule.status, rule.body_contains)
            for rule in fields.classify or ()
        ),
        variants=tuple(
            VariantSpec(each.name, each.weight, each.url, each.model, each.version)
            for each in fields.variants or ()
        ),
        split_key=fields.split_key,
    )


def _binary(fields: "InferenceFields") -> Literal["auto", "true", "false"]:
    if fields.binary == "auto":
        return "auto"
    return "true" if fields.binary else "false"


def _reply(fields: "InferenceFields", folder: Path) -> ReplySpec:
    reply, overflow = fields.reply, None
    if reply.overflow is not None:
        is_file = reply.overflow.startswith("file:")
        url = file_url(reply.overflow, folder) if is_file else reply.overflow
        overflow = OverflowSpec(url, reply.s3, reply.overflow_max_age)
    return ReplySpec(
        mode=reply.mode,
        type=reply.type,
        source=reply.source,
        copy_extensions=tuple(reply.copy_extensions),
        allow_loop=reply.allow_loop,
        fail_on=tuple(reply.fail_on or ()),
        max_bytes=reply.max_bytes,
        overflow=overflow,
    )


def _batch(fields: "InferenceFields") -> BatchSpec:
    batch = fields.batch
    return BatchSpec(
        max_records=batch.max_records,
        max_bytes=batch.max_bytes,
        is_adaptive=batch.adaptive,
        max_delay_seconds=batch.max_delay,
        target_latency_seconds=batch.target_latency,
        wrap=batch.wrap,
    )


def _limits(fields: "InferenceFields") -> LimitSpec:
    limits = fields.limits
    return LimitSpec(
        max_in_flight=limits.max_in_flight,
        initial_in_flight=limits.initial_in_flight,
        max_retries_in_flight=limits.max_retries_in_flight,
        max_connections=limits.max_connections,
        calls_per_second=limits.rate,
        tokens_per_minute=limits.tokens_per_minute,
        max_request_bytes=limits.max_request_bytes,
        max_response_bytes=limits.max_response_bytes,
        suspect_retries=limits.suspect_retries,
    )


def _timeouts(fields: "InferenceFields") -> TimeoutSpec:
    timeouts = fields.timeouts
    return TimeoutSpec(
        connect_seconds=timeouts.connect,
        probe_seconds=timeouts.probe,
        attempt_seconds=timeouts.attempt,
        first_byte_seconds=timeouts.first_byte,
        idle_seconds=timeouts.idle,
    )


def _hold(fields: "InferenceFields") -> HoldSpec:
    hold = fields.hold
    return HoldSpec(
        initial_seconds=hold.initial,
        max_seconds=hold.max,
        jitter=hold.jitter,
        max_hold_seconds=hold.max_hold,
        not_found_grace_seconds=hold.not_found_grace,
        wake_timeout_seconds=hold.wake_timeout,
        wake_with=hold.wake_with,
        assume_asleep_after_seconds=hold.assume_asleep_after,
        wake_min_events=hold.wake.min_events,
        wake_max_wait_seconds=hold.wake.max_wait,
        keep_warm=hold.keep_warm,
    )


def _breaker(fields: "InferenceFields") -> BreakerSpec:
    breaker = fields.breaker
    return BreakerSpec(
        consecutive=breaker.consecutive,
        ratio=breaker.ratio,
        min_calls=breaker.min_calls,
        window_seconds=breaker.window,
        bad_inputs=breaker.bad_inputs,
        open_for_seconds=breaker.open_for,
        open_max_seconds=breaker.open_max,
    )


def _scale(fields: "InferenceFields") -> ScaleSpec:
    scale = fields.scale
    return ScaleSpec(scale.target_concurrency, scale.drain, scale.min, scale.max)


def _auth(fields: "InferenceFields") -> Auth | None:
    auth = fields.auth
    if auth is None:
        return None
    if auth.bearer is not None:
        return Auth("bearer", token=auth.bearer)
    if auth.basic is not None:
        return Auth("basic", username=auth.basic.username, password=auth.basic.password)
    asked = auth.oauth2
    assert asked is not None
    return Auth(
        "oauth2",
        token_url=asked.token_url,
        client_id=asked.client_id,
        client_secret=asked.client_secret,
        audience=asked.audience,
        scope=asked.scope,
    )


def _tls(fields: "InferenceFields", folder: Path) -> TlsSpec:
    tls = fields.tls
    files = (tls.ca_file, tls.cert_file, tls.key_file)
    ca, certificate, key = (str((folder / file).absolute()) if file else None for file in files)
    return TlsSpec(ca, certificate, key, tls.server_name, tls.verify)
