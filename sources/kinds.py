"""The kinds of sources: a row each, imported only when a configuration names one."""

from broker.registry import load
from sources.source import Source, SourceSupplies
from sources.spec import SourceSpec

KINDS = {
    "PingSource": "sources.ping.source:PingSource",
    "KafkaSource": "sources.kafka.source:KafkaSource",
    "ApiServerSource": "sources.api_server.source:ApiServerSource",
    "S3Source": "sources.s3.source:S3Source",
    "FolderSource": "sources.folder.source:FolderSource",
    "WebhookSource": "sources.webhook.source:WebhookSource",
}
RECEIVING = frozenset({"WebhookSource", "S3Source"})  # may be sent to, on the ingress
EXTRAS = {"KafkaSource": "kafka", "S3Source": "s3", "ApiServerSource": "kubernetes"}


def make_source(spec: SourceSpec, supplies: SourceSupplies) -> Source:
    """The source of a spec, not yet running.

    Raises Invalid where the spec cannot be used, or names a kind whose package is missing.
    """
    kind = load(KINDS, spec.kind, EXTRAS.get(spec.kind))
    source: Source = kind(spec, supplies)
    return source
