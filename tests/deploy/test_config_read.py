"""Files to specs."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.config.broker_spec import BrokerSpec, Configuration
from deploy.config.read import read_configuration
from sinks.spec import FileSinkSpec, HttpSinkSpec, InferenceSinkSpec

SECRET = "whsec_" + "QUJD" * 8
Reader = Callable[..., Configuration]


def test_without_a_file_there_is_one_broker_and_no_trigger() -> None:
    found = read_configuration([], {})

    assert found == Configuration({"default/default": BrokerSpec("default/default")})


def test_a_broker_without_a_spec_has_the_defaults(yaml: Any, read: Reader) -> None:
    found = read(yaml.broker)

    assert found.brokers == {"default/default": BrokerSpec("default/default")}


def test_every_field_of_a_broker_reaches_its_spec(yaml: Any, read: Reader) -> None:
    found = read(
        yaml.broker + "spec:\n"
        "  delivery: {retry: 3}\n"
        "  retention: {age: PT1H, bytes: 1k}\n"
        "  limits: {maxEventBytes: 1, maxBatchEvents: 2, maxBatchBytes: 3, maxBacklogBytes: 4,\n"
        "           maxHops: 5, publishRate: 300/m}\n"
        "  dedupe: {window: PT6S}\n"
        "  deadLetters: {retention: PT7S, maxBytes: 8}\n"
        "  egress: {allow: [Host.example, 10.0.0.0/8], deny: [.example.com, '::1']}\n"
    ).brokers["default/default"]

    assert found.delivery.retry == 3
    assert (found.retention.age_seconds, found.retention.bytes) == (3_600.0, 1_000)
    assert (found.limits.event_bytes, found.limits.batch_events) == (1, 2)
    assert (found.limits.batch_bytes, found.limits.backlog_bytes) == (3, 4)
    assert (found.limits.hops, found.limits.publish_rate_per_second) == (5, 5.0)
    assert (found.dedupe_window_seconds, found.dead_letters.age_seconds) == (6.0, 7.0)
    assert found.dead_letters.bytes == 8
    assert found.egress.allow == ("host.example", "10.0.0.0/8")
    assert found.egress.deny == (".example.com", "::1/128")


def test_every_field_of_a_trigger_reaches_its_spec(yaml: Any, read: Reader) -> None:
    text = yaml.broker + yaml.trigger(
        "broker: default\n"
        "filters: [{exact: {type: a}}, {cesql: 'EXISTS subject'}]\n"
        "subscriber: {uri: 'http://host/a'}\n"
        "delivery: {retry: 1, backoffPolicy: linear, backoffDelay: PT2S, backoffMax: PT3S,\n"
        "  timeout: PT4S, maxAge: PT5S, retryAfterMax: PT6S, format: json,\n"
        "  deadLetterSink: {uri: 'http://dead'}, signing: {secret: '${env:S}'}}\n"
        "start: 2026-01-31T12:00:00+01:00\n"
        "paused: true\n"
        "order: {by: partitionkey}\n"
        "limits: {maxInFlight: 7, rate: 8}\n"
        "onFull: dead-letter"
    )

    found = read(text, S=SECRET).triggers["default/t"]

    assert found.broker == "default/default"
    assert [dict(element) for element in found.filters] == [
        {"exact": {"type": "a"}}, {"cesql": "EXISTS subject"}
    ]  # fmt: skip
    assert isinstance(found.sink, HttpSinkSpec)
    assert (found.sink.url, found.sink.format) == ("http://host/a", "json")
    assert found.sink.signing is not None
    assert found.sink.signing.secret == SECRET
    policy = found.policy
    assert (policy.retry, policy.backoff_policy, policy.backoff_delay_seconds) == (1, "linear", 2.0)
    assert (policy.backoff_max_seconds, policy.timeout_seconds) == (3.0, 4.0)
    assert (policy.max_age_seconds, policy.retry_after_max_seconds) == (5.0, 6.0)
    assert found.start == datetime(2026, 1, 31, 11, tzinfo=UTC)
    assert (found.paused, found.order_by, found.on_full) == (True, "partitionkey", "dead-letter")
    assert (found.max_in_flight, found.rate_per_second) == (7, 8.0)


def test_a_dead_letter_sink_does_not_share_the_signing_secret(yaml: Any, read: Reader) -> None:
    text = yaml.broker + yaml.trigger(
        "subscriber: {uri: 'http://host/a'}\n"
        "delivery: {deadLetterSink: {uri: 'http://dead'}, signing: {secret: '${env:S}'}}"
    )

    found = read(text, S=SECRET).triggers["default/t"].dead_letter_sink

    assert found == HttpSinkSpec("http://dead")


def test_a_trigger_has_its_brokers_delivery_but_for_what_it_says_itself(
    yaml: Any, read: Reader
) -> None:
    text = (
        yaml.broker
        + "spec: {delivery: {retry: 3, timeout: PT9S, format: json}}\n"
        + yaml.trigger("subscriber: {uri: 'http://host'}\ndelivery: {retry: 4}")
    )

    found = read(text).triggers["default/t"]

    assert (found.policy.retry, found.policy.timeout_seconds) == (4, 9.0)
    assert isinstance(found.sink, HttpSinkSpec)
    assert found.sink.format == "json"


@pytest.mark.parametrize(("delivery", "seconds"), [("", 7.0), ("delivery: {timeout: PT3S}", 3.0)])
def test_a_models_own_timeout_gives_way_only_to_the_triggers(
    yaml: Any, read: Reader, delivery: str, seconds: float
) -> None:
    subscriber = (
        "filters: [{exact: {type: a}}]\nsubscriber: {ref: {kind: InferenceSink, name: iris}}"
    )
    text = (
        yaml.broker
        + "spec: {delivery: {timeout: PT9S}}\n"
        + yaml.iris("timeouts: {attempt: PT7S}")
        + yaml.trigger(f"{subscriber}\n{delivery}")
    )

    assert read(text).triggers["default/t"].policy.timeout_seconds == seconds


def test_sinks_are_found_by_name_and_their_paths_count_from_the_file(
    yaml: Any, read: Reader, tmp_path: Path
) -> None:
    found = read(
        yaml.broker
        + yaml.sink("FileSink", "path: out/a.ndjson, rotateBytes: 1Mi", "f")
        + yaml.iris()
    )

    model = found.sinks["default/iris"]
    assert found.sinks["default/f"] == FileSinkSpec(
        "default/f", f"{tmp_path}/out/a.ndjson", 1_048_576
    )
    assert isinstance(model, InferenceSinkSpec)
    assert model.url == f"file:{tmp_path}/iris.onnx"


def test_every_field_of_an_inference_sink_reaches_its_spec(yaml: Any, read: Reader) -> None:
    fields = (
        "model: m, version: '2', input: {columns: {names: [a, b], tensor: x, datatype: FP32}}"
        ", output: {take: raw, path: /a, mergeUnder: p}, reply: {type: b, source: '/{model}',"
        " copyExtensions: [one, two], allowLoop: true}, batch: {maxRecords: 5},"
        " limits: {maxInFlight: 6}, timeouts: {attempt: PT7S}"
    )

    found = read(yaml.broker + yaml.iris(fields)).sinks["default/iris"]

    assert isinstance(found, InferenceSinkSpec)
    assert (found.model, found.version) == ("m", "2")
    assert found.input == {"columns": {"names": ["a", "b"], "tensor": "x", "datatype": "FP32"}}
    assert found.output == {"take": "raw", "path": "/a", "mergeUnder": "p"}
    assert (found.reply.type, found.reply.source) == ("b", "/{model}")
    assert (found.reply.copy_extensions, found.reply.allow_loop) == (("one", "two"), True)
    assert (found.batch_max_records, found.max_in_flight, found.timeout_seconds) == (5, 6, 7.0)


def test_a_folder_stands_for_its_yaml_files(yaml: Any, tmp_path: Path) -> None:
    (tmp_path / "2.yml").write_text(yaml.trigger("subscriber: {uri: 'http://host'}"))
    (tmp_path / "1.yaml").write_text(yaml.broker)
    (tmp_path / "notes.txt").write_text("not: [yaml")

    found = read_configuration([tmp_path], {})

    assert (list(found.brokers), list(found.triggers)) == (["default/default"], ["default/t"])


def test_the_document_of_a_trigger_keeps_references_and_drops_what_means_nothing(
    yaml: Any,
    read: Reader,
) -> None:
    text = yaml.broker + yaml.trigger("subscriber: {uri: 'http://host/${env:TOKEN}', audience: x}")

    found = read(text, TOKEN="t0p")

    document = found.triggers["default/t"].document
    assert document["spec"] == {"subscriber": {"uri": "http://host/${env:TOKEN}"}}
    assert document["metadata"] == {"name": "t", "namespace": "default"}
    assert "t0p" not in repr(found)


def test_a_secret_in_the_url_of_a_subscriber_is_not_represented(yaml: Any, read: Reader) -> None:
    text = yaml.broker + yaml.trigger("subscriber: {uri: 'http://host/?key=${env:TOKEN}'}")

    sink = read(text, TOKEN="t0p").triggers["default/t"].sink

    assert "t0p" not in repr(sink)


def test_fields_that_knative_knows_are_warnings(read: Reader) -> None:
    text = (
        "apiVersion: eventing.knative.dev/v1\nkind: Broker\n"
        "metadata: {name: default, labels: {a: b}, annotations: {c: d}}\n"
        "spec: {config: {kind: ConfigMap}}\nstatus: {}\n"
    )

    found = read(text)

    assert [warning.split(": ")[1] for warning in found.warnings] == [
        "metadata.labels", "metadata.annotations", "spec.config", "status",
    ]  # fmt: skip


def test_a_secret_in_a_query_is_a_warning_unless_it_is_a_reference(yaml: Any, read: Reader) -> None:
    literal = yaml.trigger("subscriber: {uri: 'http://host/?a=1&access_token=abc'}")
    reference = yaml.trigger("subscriber: {uri: 'http://host/?access_token=${env:T}'}", "u")

    found = read(yaml.broker + literal + reference, T="abc")

    assert len(found.warnings) == 1
    assert "default/t" not in found.warnings[0]
    assert "abc" not in found.warnings[0]


def test_a_file_without_a_broker_is_a_warning(read: Reader) -> None:
    assert "declares no Broker" in read("# nothing yet\n").warnings[0]


def test_a_thousand_triggers_are_read_from_one_file(yaml: Any, read: Reader) -> None:
    fields = "filters: [{exact: {type: com.example.a}}]\nsubscriber: {uri: 'http://host/a'}"

    found = read(yaml.broker + "".join(yaml.trigger(fields, f"t{n}") for n in range(1_000)))

    assert len(found.triggers) == 1_000
