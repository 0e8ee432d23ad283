"""What listings show of a model sink: its variants, limits, holds and errors. Reads only."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from broker.delivery import Delivered, Outcome
from broker.event import Event
from deploy.admin.views import data_of, text_or_base64, when
from deploy.models.figures import (
    ModelSink,
    Variant,
    mean,
    model_of,
    quantile,
    service_seconds,
)
from deploy.models.weights import History, WeightSet
from deploy.running import Running
from sinks.http_url import redacted
from sinks.trying import SHOWN_BYTES_MAX, Headers, Tried, shown_headers
from triggers.enrolment import Endpoint

ERRORS_MAX = 50


def variant_states(endpoint: Endpoint) -> dict[str, Any]:
    """By variant, of a sink that has some: one may be away while others are called."""
    model = model_of(endpoint.sink, endpoint.target)
    if model is None or "" in model.variants:
        return {}
    return {"variants": {name: one.gate.state.value for name, one in model.variants.items()}}


def model_view(running: Running, model: ModelSink, history: History | None) -> dict[str, Any]:
    """All there is to know of a model as this process has called it; counts are since start."""
    spec, target = model.spec, model.own_target
    return {
        "protocol": spec.protocol,
        "url": redacted(spec.url),
        "model": spec.model,
        "calls": {
            "in_flight": target.in_flight,
            "limit": target.calls.value,
            "most": spec.max_in_flight,
            "retries": target.retries_in_flight,
            "seconds": round(service_seconds(model), 3),
        },
        "weights": None if history is None else weights_view(history),
        "variants": [variant_view(running, model, one) for one in model.variants.values()],
        "holds": sorted(_holds(running, model), key=lambda one: str(one["began_at"]), reverse=True),
        "errors": _errors(model)[:ERRORS_MAX],
    }


def variant_view(running: Running, model: ModelSink, variant: Variant) -> dict[str, Any]:
    gate, counts = variant.gate, variant.counts
    records, calls = counts.batch_records, counts.call_seconds
    held_seconds = max(0.0, gate.until - running.clock.monotonic()) if gate.is_stopped else 0.0
    cold = gate.cold_start_seconds
    return {
        "name": variant.name,
        "weight": model.weights.get(variant.name),
        "state": gate.state.value,
        "message": gate.stopped_why or None,  # why it is paused; it may quote the answer
        "held_seconds": round(held_seconds, 3),
        "calls": sum(calls.counts),
        "ok": counts.events_ok,
        "failed": counts.events_failed,
        "seconds_mean": round(mean(calls), 4),
        "seconds_p95": quantile(calls, 0.95),
        "records_mean": round(mean(records), 1),
        "records_limit": variant.batch.value,
        "records_most": model.spec.batch_max_records,
        "bisects": counts.bisects,
        "wakes": gate.wakes,
        "cold_start_seconds": None if cold is None else round(cold, 3),
    }


def weights_view(history: History) -> dict[str, Any]:
    """The set in force, and those before it, newest first."""
    return {"now": set_view(history.now), "before": [set_view(s) for s in history.sets[-2::-1]]}


def set_view(one: WeightSet) -> dict[str, Any]:
    return {
        "set": one.number,
        "weights": dict(one.weights),
        "by": one.by,
        "at": when(one.at),
        "reason": one.reason,
        "restores": one.restores,
    }


def _holds(running: Running, model: ModelSink) -> Iterator[dict[str, Any]]:
    """The latest times that a variant was away."""
    now, at = running.clock.monotonic(), running.clock.now()
    for name, variant in model.variants.items():
        for hold in variant.gate.holds:
            yield {
                "variant": name,
                "began_at": when(at - timedelta(seconds=now - hold.began_at)),
                "seconds": round(hold.ended_at - hold.began_at, 3),
                "wakes": hold.wakes,
                "message": hold.why,  # it may quote the answer
            }


def _errors(model: ModelSink) -> list[dict[str, Any]]:
    found = [
        {"variant": name, "class": kind, "count": count, "message": message, "at": when(at)}
        for name, variant in model.variants.items()
        for kind, (count, message, at) in variant.counts.last_errors.items()
    ]
    return sorted(found, key=lambda one: str(one["at"]), reverse=True)


def tried_view(tried: Tried) -> dict[str, Any]:
    """One request as it was sent and answered, the class that it gets, and the reply."""
    outcome = tried.outcome
    sent, answered = tried.sent, tried.answered
    reply = outcome.reply if isinstance(outcome, Delivered) else None
    return {
        "variant": tried.variant,
        **_judged(outcome),
        "seconds": round(tried.seconds, 4),
        "request": None
        if sent is None
        else {"method": sent.verb, "url": sent.url, **_content(sent.headers, sent.body)},
        "answer": None
        if answered is None
        else {"status": answered.status, **_content(answered.headers, answered.body)},
        "reply": None if reply is None else _reply(reply),
    }


def _judged(outcome: Outcome) -> Mapping[str, Any]:
    if isinstance(outcome, Delivered):
        return {"class": "ok", "message": None}
    return {"class": outcome.outcome_class.value, "message": outcome.message}


def _content(headers: Headers, body: bytes) -> dict[str, Any]:
    shown: Sequence[tuple[str, str]] = shown_headers(headers)
    return {
        "headers": [list(header) for header in shown],
        **text_or_base64("body", body[:SHOWN_BYTES_MAX]),
        "body_bytes": len(body),
    }


def _reply(event: Event) -> dict[str, Any]:
    return {**event.attributes, **data_of(event)}
