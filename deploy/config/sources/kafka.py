"""The schema of `kind: KafkaSource`: Knative's, and what is headrace's own."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from broker.errors import Invalid
from deploy.config.mistakes import InvalidValue
from deploy.config.quantities import moment
from deploy.config.references import has_reference
from deploy.config.schema_parts import Size, Text
from deploy.config.shapes import Bounds, Judge, Read, Shape
from deploy.config.sources.parts import SourceFields, SourceResource
from sources.kafka.options import Beginning, KafkaOptions, Mechanism, Sasl, Tls
from sources.kafka.tls import tls_context

MECHANISMS: tuple[Mechanism, ...] = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PATTERN_CHARACTERS_MAX = 1_000
# Of all of a cluster's topics, which may be thousands, it asks less often.
PATTERN_REFRESH_SECONDS = 30.0
_SERVER = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[\w.-]+):[0-9]{1,5}", re.ASCII)
_TOPIC = re.compile(r"(?!\.{1,2}\Z)[\w.-]{1,249}", re.ASCII)


def _server(text: str) -> str:
    if has_reference(text):
        return text
    if not _SERVER.fullmatch(text) or not 0 < int(text.rpartition(":")[2]) < 65_536:
        raise InvalidValue("is no server", remedy="write host:port, such as kafka:9092")
    return text


def _topic(text: str) -> str:
    if not has_reference(text) and not _TOPIC.fullmatch(text):
        remedy = "write letters, digits, '.', '_' and '-'; or use topicPattern"
        raise InvalidValue("cannot be the name of a topic", remedy=remedy)
    return text


def _pattern(text: str) -> str:
    if len(text) > PATTERN_CHARACTERS_MAX:
        remedy = f"write at most {PATTERN_CHARACTERS_MAX:,} characters"
        raise InvalidValue("is too long", remedy=remedy)
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        remedy = "write one that matches whole names, such as orders-.*"
        raise InvalidValue("is no regular expression", remedy=remedy) from error
    return text


def _beginning(value: Any) -> Beginning | datetime:
    if value in ("earliest", "latest"):
        found: Beginning = value
        return found
    if not isinstance(value, str) or value.isalpha():
        remedy = "write earliest, latest, or a time such as 2026-01-31T12:00:00Z"
        raise InvalidValue("is no place to begin", remedy=remedy)
    return moment(value)


def _by_reference(value: Any) -> str:
    """Text, from wherever a reference leads. Knative names a Secret of its cluster here."""
    if isinstance(value, dict) and "secretKeyRef" in value:
        remedy = "write a reference in its place: ${env:NAME} or ${file:path}"
        raise InvalidValue("names a Secret of Kubernetes, which is out of reach", remedy=remedy)
    if not isinstance(value, str) or not value:
        raise InvalidValue("is no text", remedy="write a reference: ${env:NAME} or ${file:path}")
    return value


def _mechanism(value: Any) -> str:
    text = _by_reference(value)
    if not has_reference(text) and text not in MECHANISMS:
        remedy = f"write one of {', '.join(MECHANISMS)}"
        raise InvalidValue("is no mechanism that is known here", remedy=remedy)
    return text


def _refuse_settings(fields: "SaslFields | TlsFields") -> None:
    """Settings that are switched off would be missed only when somebody listens in."""
    if not fields.enable and vars(fields).keys() - {"enable"}:
        remedy = "write enable: true, or remove what stands beside it"
        raise InvalidValue("has settings and is not switched on", remedy=remedy)


Referred = Annotated[str, Read(_by_reference)]


class SaslFields(Shape):
    enable: bool = False
    user: Referred | None = None
    password: Referred | None = None
    type: Annotated[str, Read(_mechanism)] = "PLAIN"

    def judge(self) -> None:
        _refuse_settings(self)
        if self.enable and (self.user is None or self.password is None):
            remedy = "add user: ${env:KAFKA_USER} and password: ${env:KAFKA_PASSWORD}"
            raise InvalidValue("needs a user and a password", remedy=remedy)


class TlsFields(Shape):
    """PEM texts."""

    enable: bool = False
    cert: Referred | None = None
    key: Referred | None = None
    ca_cert: Referred | None = None

    def judge(self) -> None:
        _refuse_settings(self)
        if (self.cert is None) != (self.key is None):
            remedy = "write both cert and key, or neither"
            raise InvalidValue("has a client certificate by half", remedy=remedy)
        if any(has_reference(text) for text in (self.ca_cert, self.cert, self.key)):
            return
        try:
            tls_context(Tls(self.ca_cert, self.cert, self.key))
        except Invalid as error:
            what = f"cannot be used: {error.what}"
            raise InvalidValue(what, remedy=error.remedy) from error


class NetFields(Shape):
    sasl: SaslFields = SaslFields()
    tls: TlsFields = TlsFields()


class KafkaFields(SourceFields):
    """`ordering` is Knative's; the order of each partition is kept whatever it says."""

    bootstrap_servers: Annotated[Sequence[Annotated[str, Judge(_server)]], Bounds(1, 100)]
    topics: Annotated[Sequence[Annotated[str, Judge(_topic)]], Bounds(1, 1_000)] | None = None
    topic_pattern: Annotated[Text, Judge(_pattern)] | None = None
    consumer_group: Text | None = None
    initial_offset: Annotated[Any, Read(_beginning)] = "latest"
    ordering: Literal["ordered", "unordered"] = "ordered"
    max_bytes: Annotated[Size, Bounds(65_536, 67_108_864)] = 4_194_304
    net: NetFields = NetFields()

    def judge(self) -> None:
        if (self.topics is None) == (self.topic_pattern is None):
            count = "neither" if self.topics is None else "both"
            what = f"has {count} of topics and topicPattern"
            raise InvalidValue(what, remedy="write one of the two")


class KafkaResource(SourceResource):
    spec: KafkaFields

    def options(self, namespace: str, name: str, folder: Path) -> KafkaOptions:
        fields = self.spec
        group = fields.consumer_group or f"headrace-{namespace}-{name}"
        return KafkaOptions(
            tuple(fields.bootstrap_servers),
            group,
            tuple(dict.fromkeys(fields.topics or ())),
            fields.topic_pattern,
            fields.initial_offset,
            _sasl(fields.net.sasl),
            _tls(fields.net.tls),
            fields.max_bytes,
            refresh_seconds=5.0 if fields.topic_pattern is None else PATTERN_REFRESH_SECONDS,
        )


def _sasl(fields: SaslFields) -> Sasl | None:
    if not fields.enable or fields.user is None or fields.password is None:
        return None
    mechanism: Any = fields.type  # judged, or not resolved yet
    return Sasl(mechanism, fields.user, fields.password)


def _tls(fields: TlsFields) -> Tls | None:
    return Tls(fields.ca_cert, fields.cert, fields.key) if fields.enable else None
