"""Kinds and fields that are known of: those here, those that follow, those without meaning here."""

from copy import deepcopy
from typing import Any

from deploy.config.mistakes import PathInDocument

EVENTING = "eventing.knative.dev/v1"
HEADRACE = "headrace.dev/v1"
SOURCES = "sources.knative.dev/v1"

KINDS = {
    "Broker": EVENTING,
    "Trigger": EVENTING,
    "FileSink": HEADRACE,
    "InferenceSink": HEADRACE,
    "FileBatch": HEADRACE,
    "PingSource": SOURCES,
    "KafkaSource": SOURCES,
    "ApiServerSource": SOURCES,
    "S3Source": HEADRACE,
    "FolderSource": HEADRACE,
    "WebhookSource": HEADRACE,
}
SINK_KINDS = frozenset({"FileSink", "InferenceSink", "FileBatch"})
SOURCE_KINDS = frozenset(kind for kind in KINDS if kind.endswith("Source"))

# Fields of an InferenceSink that are specified and not built for onnx: refused, because a limit
# that is silently not applied is worse than none.
LATER_ONNX_FIELDS: tuple[PathInDocument, ...] = (
    *(("spec", name) for name in ("breaker", "hold", "splitKey", "variants")),
    *(("spec", "batch", name) for name in ("adaptive", "maxBytes", "maxDelay", "targetLatency")),
    *(
        ("spec", "limits", name)
        for name in (
            "initialInFlight", "maxRequestBytes", "maxRetriesInFlight", "rate", "suspectRetries",
        )
    ),
)  # fmt: skip

_METADATA = (
    "annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp",
    "finalizers", "generateName", "generation", "labels", "managedFields", "ownerReferences",
    "resourceVersion", "selfLink", "uid",
)  # fmt: skip
_DESTINATIONS: tuple[PathInDocument, ...] = (
    ("spec", "subscriber"),
    ("spec", "delivery", "deadLetterSink"),
    ("spec", "sink"),
)
# What only a reference may give, by kind: the resource as written is stored and shown.
SECRETS: dict[str, tuple[PathInDocument, ...]] = {
    "KafkaSource": (
        ("spec", "net", "sasl", "password"),
        ("spec", "net", "tls", "key"),
    ),
    "ApiServerSource": (("spec", "connection", "token"),),
    "S3Source": (
        ("spec", "credentials", "secretAccessKey"),
        ("spec", "credentials", "sessionToken"),
        ("spec", "webhook", "token"),
    ),
    "WebhookSource": tuple(
        ("spec", "verify", style, name)
        for style in ("standardWebhooks", "github", "stripe", "bearer")
        for name in ("secret", "previous")
    ),
    "InferenceSink": (
        ("spec", "auth", "bearer"),
        ("spec", "auth", "basic", "password"),
        ("spec", "auth", "oauth2", "clientSecret"),
        ("spec", "reply", "s3", "credentials", "secretAccessKey"),
        ("spec", "reply", "s3", "credentials", "sessionToken"),
    ),
    "FileBatch": (
        ("spec", "s3", "credentials", "secretAccessKey"),
        ("spec", "s3", "credentials", "sessionToken"),
    ),
    "Broker": (
        ("spec", "delivery", "signing", "secret"),
        ("spec", "delivery", "signing", "previous"),
    ),
    "Trigger": (
        ("spec", "delivery", "signing", "secret"),
        ("spec", "delivery", "signing", "previous"),
    ),
}
WITHOUT_MEANING: tuple[PathInDocument, ...] = (
    ("status",),
    *(("metadata", name) for name in _METADATA),
    *((*path, name) for path in _DESTINATIONS for name in ("CACerts", "audience")),
    *((*path, "ref", name) for path in _DESTINATIONS for name in ("address", "group")),
)
_WITHOUT_MEANING_OF: dict[str, tuple[PathInDocument, ...]] = {
    "ApiServerSource": (("spec", "serviceAccountName"),),
    "Broker": (("spec", "config"),),
    "KafkaSource": (("spec", "consumers"), ("spec", "delivery")),
}


def holder_of(value: Any, path: PathInDocument) -> dict[str, Any] | None:
    """The mapping in `value` that has `path` as a key, None where there is none."""
    for part in path[:-1]:
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, dict) and path[-1] in value else None


def without_meaningless(
    kind: str, value: dict[str, Any]
) -> tuple[dict[str, Any], list[PathInDocument]]:
    """A copy of `value` without the fields that Knative knows and headrace has no use for."""
    paths = WITHOUT_MEANING + _WITHOUT_MEANING_OF.get(kind, ())
    value = deepcopy(value)
    removed: list[PathInDocument] = []
    for path in paths:
        if (holder := holder_of(value, path)) is not None:
            del holder[str(path[-1])]
            removed.append(path)
    return value, removed
