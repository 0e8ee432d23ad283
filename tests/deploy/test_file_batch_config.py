"""`kind: FileBatch` among the others: what it names, who may name it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broker.errors import InvalidConfig
from deploy.config.broker_spec import Configuration
from deploy.config.read import read_configuration
from sinks.spec import Egress, FileBatchSinkSpec

BROKER = """
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: default}
spec: {egress: {allow: [10.0.0.0/8]}}
"""
MODEL = """
---
apiVersion: headrace.dev/v1
kind: InferenceSink
metadata: {name: iris}
spec: {protocol: onnx, url: "file:iris.onnx"}
"""
BATCH = """
---
apiVersion: headrace.dev/v1
kind: FileBatch
metadata: {name: files}
spec: {sink: iris, root: drop}
"""
TRIGGER = """
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: t}
spec: {subscriber: {ref: {kind: FileBatch, name: files}}}
"""
Read = Callable[[str], Configuration]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    (tmp_path / "iris.onnx").touch()

    def read_text(text: str) -> Configuration:
        file = tmp_path / "a.yaml"
        file.write_text(text)
        return read_configuration([file], {})

    return read_text


def mistakes_of(read: Read, text: str) -> list[str]:
    with pytest.raises(InvalidConfig) as invalid:
        read(text)
    return list(invalid.value.mistakes)


def test_a_trigger_may_hand_its_files_to_a_batch_of_a_model(read: Read, tmp_path: Path) -> None:
    sink = read(BROKER + BATCH + MODEL + TRIGGER).triggers["default/t"].sink

    assert isinstance(sink, FileBatchSinkSpec)
    assert (sink.name, sink.model.name) == ("default/files", "default/iris")
    assert sink.batch.root == str(tmp_path / "drop")
    assert sink.egress == Egress(("10.0.0.0/8",))


def test_a_batch_names_a_model_that_there_is(read: Read) -> None:
    (mistake,) = mistakes_of(read, BROKER + MODEL.replace("name: iris", "name: irsi") + BATCH)

    assert "spec.sink: there is no InferenceSink default/iris" in mistake
    assert "default/irsi" in mistake


def test_a_batch_is_no_place_for_dead_letters(read: Read) -> None:
    dead = "spec: {delivery: {deadLetterSink: {ref: {kind: FileBatch, name: files}}}, "
    text = BROKER + MODEL + BATCH + TRIGGER.replace("spec: {", dead)

    (mistake,) = mistakes_of(read, text)

    assert "deadLetterSink: cannot be a FileBatch" in mistake


def test_keys_of_a_bucket_are_not_written_into_the_configuration(read: Read) -> None:
    s3 = "s3: {credentials: {accessKeyId: A, secretAccessKey: open}}"

    (mistake,) = mistakes_of(read, BROKER + MODEL + BATCH.replace("root: drop", s3))

    assert "is a secret written into the configuration" in mistake


def test_raw_tensors_are_refused_for_a_model_that_has_none(read: Read) -> None:
    batch = BATCH.replace("root: drop", "root: drop, call: {binary: true}")

    (mistake,) = mistakes_of(read, BROKER + MODEL + batch)

    assert "spec.call.binary: means nothing to default/iris, whose protocol is onnx" in mistake


def test_events_of_replies_are_refused_for_a_model_without_replies(read: Read) -> None:
    model = MODEL.replace("url:", "reply: {mode: none}, url:")
    batch = BATCH.replace("root: drop", "root: drop, progress: {emit: records}")

    (mistake,) = mistakes_of(read, BROKER + model + batch)

    assert "spec.progress.emit: asks for events of replies" in mistake


def test_a_trigger_that_would_match_the_events_of_its_own_records_is_refused(read: Read) -> None:
    batch = BATCH.replace("root: drop", "root: drop, progress: {emit: both}")

    (mistake,) = mistakes_of(read, BROKER + MODEL + batch + TRIGGER)

    assert "matches the replies of its own sink" in mistake
