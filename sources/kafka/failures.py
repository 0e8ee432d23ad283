"""Kafka's errors as ours: what an operator understands, and can do something about. Pure."""

import ssl
from typing import Final

from aiokafka import errors as kafka

from broker.errors import Denied, HeadraceError, Invalid, Unavailable

OUT_OF_RANGE: Final = 1
UNKNOWN_TOPIC: Final = 3
TOPIC_DENIED: Final = 29
GROUP_DENIED: Final = 30
CLUSTER_DENIED: Final = 31
# Somebody else leads the partition by now, nobody does yet, or the topic is another one.
MOVED: Final = frozenset({UNKNOWN_TOPIC, 5, 6, 9, 56, 72, 74, 75, 78, 100, 103})
NO_COORDINATOR: Final = frozenset({14, 15, 16})
# The group belongs to readers that Kafka itself assigns partitions to.
OTHERS_IN_GROUP: Final = frozenset({22, 25, 27, 68})

_RECOVERING = "see that the brokers run and can be reached; it is tried again"
_LISTENER = (
    "see that bootstrapServers names a listener that speaks what net.tls and net.sasl say"
)  # fmt: skip


def failure_of(error: Exception, where: str) -> HeadraceError:
    """What `error` of the client library means, met while talking to `where`."""
    if isinstance(error, HeadraceError):
        return error
    if isinstance(error, kafka.SaslAuthenticationFailed | kafka.AuthenticationFailedError):
        return Denied(
            "Kafka refuses the user name or the password",
            code="sasl-refused",
            where=where,
            remedy="mend net.sasl.user, net.sasl.password and net.sasl.type",
        )
    if isinstance(error, kafka.UnsupportedSaslMechanismError):
        what = "Kafka does not offer this SASL mechanism"
        remedy = "write one that it offers into net.sasl.type"
        return Invalid(what, code="sasl-mechanism", where=where, remedy=remedy)
    if isinstance(error, kafka.IllegalSaslStateError):
        remedy = "set net.sasl.enable: true with a user, or name a listener without SASL"
        return Denied("Kafka asks for SASL", code="sasl-wanted", where=where, remedy=remedy)
    tls = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(tls, ssl.SSLError):
        return _of_tls(tls, where)
    if isinstance(error, TimeoutError):
        return Unavailable("Kafka does not answer", where=where, remedy=_RECOVERING)
    if isinstance(error, OSError):
        what = f"Kafka cannot be reached ({error.strerror or error})"
        return Unavailable(what, where=where, remedy=_RECOVERING)
    return _of_library(error, where)


def _of_tls(error: ssl.SSLError, where: str) -> HeadraceError:
    reason = getattr(error, "verify_message", None) or getattr(error, "reason", None) or str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the certificate of Kafka is not trusted ({reason})"
        remedy = "write its CA into net.tls.caCert, and a host name that the certificate has"
        return Denied(what, code="certificate-refused", where=where, remedy=remedy)
    what = f"no TLS connection could be made ({reason})"
    remedy = f"{_LISTENER}; a broker may ask for net.tls.cert and net.tls.key"
    return Unavailable(what, code="tls-failed", where=where, remedy=remedy)


def _of_library(error: Exception, where: str) -> HeadraceError:
    if isinstance(error, kafka.KafkaConnectionError):
        what = "Kafka closed the connection"
        return Unavailable(what, where=where, remedy=f"{_RECOVERING}; else {_LISTENER}")
    if isinstance(error, kafka.UnsupportedCodecError):
        what = f"records are compressed in a way that cannot be read here ({error})"
        return Invalid(what, where=where, remedy="pip install 'headrace[kafka]'")
    if isinstance(error, kafka.CorruptRecordException):
        what = "a batch of records came damaged: its checksum is wrong"
        remedy = "it is read again; if this stays, look at the broker's disk"
        return Unavailable(what, where=where, remedy=remedy)
    if isinstance(error, kafka.KafkaError):
        return Unavailable(f"Kafka says {_words(type(error))}", where=where, remedy=_RECOVERING)
    what = f"an answer of Kafka cannot be read ({type(error).__name__})"
    return Unavailable(what, where=where, remedy="see that it is a Kafka broker")


def failure_of_code(code: int, where: str) -> HeadraceError:
    """What an error code in an answer means, about `where`, a topic or a group."""
    if code == UNKNOWN_TOPIC:
        remedy = "create it, or mend spec.topics; headrace never creates topics"
        return Invalid("there is no such topic", code="no-topic", where=where, remedy=remedy)
    if code == TOPIC_DENIED:
        remedy = "allow its user to Describe and Read the topic"
        return Denied("the topic may not be read", code="topic-denied", where=where, remedy=remedy)
    if code == GROUP_DENIED:
        remedy = "allow its user to Read the group, or write another consumerGroup"
        return Denied("the group may not be used", code="group-denied", where=where, remedy=remedy)
    if code == CLUSTER_DENIED:
        remedy = "give its user the rights to Describe and Read what is configured"
        what = "Kafka lets this user do nothing here"
        return Denied(what, code="cluster-denied", where=where, remedy=remedy)
    return failure_of(kafka.for_code(code)(), where)


def _words(kind: type[kafka.KafkaError]) -> str:
    return f"{getattr(kind, 'message', kind.__name__)} ({getattr(kind, 'errno', '?')})"
