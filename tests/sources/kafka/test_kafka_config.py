"""`kind: KafkaSource` read from YAML, and all that can be wrong with it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.errors import InvalidConfig
from deploy.cli import main
from deploy.config.read import read_configuration
from sources.kafka.options import KafkaOptions, Sasl, Tls

EXAMPLE = Path(__file__).parents[3] / "deploy" / "examples" / "kafka-source.yaml"
HEAD = """
kind: Broker
apiVersion: eventing.knative.dev/v1
metadata: {name: default, namespace: shop}
---
apiVersion: sources.knative.dev/v1
kind: KafkaSource
metadata: {name: orders, namespace: shop}
spec:
"""
LEAST = ("bootstrapServers: [kafka:9092]", "topics: [orders]")
ENVIRONMENT = {"USER": "alice", "WORD": "open sesame", "HOW": "SCRAM-SHA-256", "PEM": "no PEM"}


def options(folder: Path, *lines: str) -> KafkaOptions:
    file = folder / "a.yaml"
    file.write_text(HEAD + "".join(f"  {line}\n" for line in lines))
    (source,) = read_configuration([file], ENVIRONMENT).sources.values()
    made: KafkaOptions = source.options
    return made


def test_servers_and_topics_are_enough(tmp_path: Path) -> None:
    made = options(tmp_path, *LEAST)

    assert made == KafkaOptions(("kafka:9092",), "headrace-shop-orders", ("orders",))


def test_all_that_can_be_said_is_read(tmp_path: Path) -> None:
    made = options(
        tmp_path,
        'bootstrapServers: [a:9092, "[::1]:9093"]',
        "topicPattern: orders-.*",
        "consumerGroup: g",
        "initialOffset: 2026-01-31T12:00:00Z",
        "ordering: unordered",
        "maxBytes: 1Mi",
        "net:",
        '  sasl: {enable: true, user: "${env:USER}", password: "${env:WORD}", type: "${env:HOW}"}',
        "  tls: {enable: true}",
    )

    assert made == KafkaOptions(
        ("a:9092", "[::1]:9093"),
        "g",
        (),
        "orders-.*",
        datetime(2026, 1, 31, 12, tzinfo=UTC),
        Sasl("SCRAM-SHA-256", "alice", "open sesame"),
        Tls(),
        1_048_576,
        refresh_seconds=30.0,
    )
    assert "open sesame" not in repr(made)


@pytest.mark.parametrize(
    ("lines", "where", "what"),
    [
        (LEAST[:1], "spec", "neither of topics and topicPattern"),
        ((*LEAST, "topicPattern: a.*"), "spec", "has both of topics and topicPattern"),
        ((LEAST[0], "topics: []"), "spec.topics", "too few"),
        ((LEAST[0], "topics: [a b]"), "spec.topics[0]", "cannot be the name of a topic"),
        ((LEAST[0], "topicPattern: '('"), "spec.topicPattern", "no regular expression"),
        (("bootstrapServers: [kafka]", LEAST[1]), "spec.bootstrapServers[0]", "host:port"),
        (("bootstrapServers: [a:99999]", LEAST[1]), "spec.bootstrapServers[0]", "host:port"),
        ((*LEAST, "initialOffset: first"), "spec.initialOffset", "earliest, latest"),
        ((*LEAST, "initialOffset: 2026-13-01T00:00:00Z"), "spec.initialOffset", "not exist"),
        ((*LEAST, "maxBytes: 1Ki"), "spec.maxBytes", "too small"),
        ((*LEAST, "maxBytes: 1Gi"), "spec.maxBytes", "too large"),
        ((*LEAST, "ordering: maybe"), "spec.ordering", "'ordered' or 'unordered'"),
        (
            (*LEAST, 'net: {sasl: {enable: true, user: a, password: "word"}}'),
            "spec.net.sasl.password",
            "secret written into the configuration",
        ),
        (
            (*LEAST, "net: {sasl: {enable: true, user: {secretKeyRef: {name: a, key: b}}}}"),
            "spec.net.sasl.user",
            "${env:NAME}",
        ),
        (
            (*LEAST, "net: {sasl: {enable: true, type: {secretKeyRef: {name: a, key: b}}}}"),
            "spec.net.sasl.type",
            "Secret of Kubernetes",
        ),
        ((*LEAST, "net: {sasl: {enable: true}}"), "spec.net.sasl", "${env:KAFKA_USER}"),
        ((*LEAST, "net: {sasl: {user: a}}"), "spec.net.sasl", "enable: true"),
        ((*LEAST, "net: {sasl: {enable: true, type: GSSAPI}}"), "spec.net.sasl.type", "PLAIN"),
        ((*LEAST, 'net: {tls: {enable: true, caCert: "${env:PEM}"}}'), "spec.net.tls", "PEM"),
        (
            (*LEAST, 'net: {tls: {enable: true, cert: "${env:PEM}"}}'),
            "spec.net.tls",
            "both cert and key",
        ),
        ((*LEAST, "nets: {}"), "spec.nets", "net"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(
    tmp_path: Path, lines: tuple[str, ...], where: str, what: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        options(tmp_path, *lines)

    (mistake,) = caught.value.mistakes
    assert f" {where}: " in mistake
    assert what in mistake
    assert "word" not in mistake.replace("password", "")


def test_what_knative_alone_can_use_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    more = (*LEAST, "consumers: 3", "delivery: {retry: 5}")
    file.write_text(HEAD + "".join(f"  {line}\n" for line in more))

    warnings = [str(one) for one in read_configuration([file], {}).warnings]

    assert [word for word in ("consumers", "delivery") if any(word in one for one in warnings)] == [
        "consumers",
        "delivery",
    ]


def test_the_example_has_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--no-resolve", str(EXAMPLE)])

    assert ended.value.code == 0
    assert "no mistakes" in capsys.readouterr().out
