"""Kafka's errors in words that say what to do."""

import ssl

import pytest
from aiokafka import errors as kafka

from broker.errors import Denied, HeadraceError, Invalid, Unavailable
from sources.kafka.failures import failure_of, failure_of_code


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (kafka.SaslAuthenticationFailed(), Denied, "sasl-refused"),
        (kafka.UnsupportedSaslMechanismError(), Invalid, "sasl-mechanism"),
        (kafka.IllegalSaslStateError(), Denied, "sasl-wanted"),
        (ssl.SSLCertVerificationError("no"), Denied, "certificate-refused"),
        (ssl.SSLError("no"), Unavailable, "tls-failed"),
        (TimeoutError(), Unavailable, "unavailable"),
        (ConnectionRefusedError(111, "Connection refused"), Unavailable, "unavailable"),
        (kafka.KafkaConnectionError(), Unavailable, "unavailable"),
        (kafka.CorruptRecordException(), Unavailable, "unavailable"),
        (kafka.UnsupportedCodecError("zstd"), Invalid, "invalid"),
        (kafka.RequestTimedOutError(), Unavailable, "unavailable"),
        (ValueError("short"), Unavailable, "unavailable"),
    ],
)
def test_an_error_of_the_client_says_what_and_how_to_mend_it(
    error: Exception, kind: type[HeadraceError], code: str
) -> None:
    found = failure_of(error, "kafka:9092")

    assert isinstance(found, kind)
    assert (found.code, found.where) == (code, "kafka:9092")
    assert found.what
    assert found.remedy


def test_a_connection_that_tls_closed_says_so() -> None:
    closed = kafka.KafkaConnectionError()
    closed.__cause__ = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] alert")

    assert failure_of(closed, "kafka:9092").code == "tls-failed"


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (3, Invalid, "no-topic"),
        (29, Denied, "topic-denied"),
        (30, Denied, "group-denied"),
        (31, Denied, "cluster-denied"),
        (7, Unavailable, "unavailable"),
        (-1, Unavailable, "unavailable"),
        (9999, Unavailable, "unavailable"),
    ],
)
def test_a_code_in_an_answer_says_what_and_how_to_mend_it(
    number: int, kind: type[HeadraceError], code: str
) -> None:
    found = failure_of_code(number, "orders")

    assert isinstance(found, kind)
    assert (found.code, found.where) == (code, "orders")
    assert found.remedy


def test_our_own_errors_pass() -> None:
    own = Denied("no")

    assert failure_of(own, "kafka:9092") is own
