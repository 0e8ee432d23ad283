"""A trigger from its stored document, once no file has it any more."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from broker.errors import InvalidConfig
from deploy.config.broker_spec import Configuration
from deploy.config.restored import restored
from sinks.spec import FileSinkSpec

Reader = Callable[..., Configuration]


def document_of(configuration: Configuration) -> bytes:
    return orjson.dumps(configuration.triggers["default/t"].document)


def test_it_is_what_it_was_with_the_brokers_defaults_and_the_environment(
    read: Reader, yaml: Any
) -> None:
    broker = yaml.broker + "spec: {delivery: {retry: 3, deadLetterSink: {uri: 'http://d/'}}}\n"
    fields = "subscriber: {uri: '${env:URL}'}\nfilters: [{exact: {type: x}}]"
    was = read(broker + yaml.trigger(fields), URL="http://a/")

    found = restored(document_of(was), "default/default", read(broker), {"URL": "http://a/"})

    assert found == was.triggers["default/t"]


def test_it_delivers_to_the_sink_that_has_its_name_now(read: Reader, yaml: Any) -> None:
    trigger = yaml.trigger("subscriber: {ref: {kind: FileSink, name: s}}")
    was = read(yaml.broker + yaml.sink("FileSink", "path: a.ndjson") + trigger)
    now = read(yaml.broker + yaml.sink("FileSink", "path: b.ndjson"))

    found = restored(document_of(was), "default/default", now, {})

    assert isinstance(found.sink, FileSinkSpec)
    assert found.sink.path.endswith("b.ndjson")


def test_without_its_sink_it_says_what_is_missing(read: Reader, yaml: Any) -> None:
    trigger = yaml.trigger("subscriber: {ref: {kind: FileSink, name: s}}")
    was = read(yaml.broker + yaml.sink("FileSink", "path: a.ndjson") + trigger)

    with pytest.raises(InvalidConfig) as invalid:
        restored(document_of(was), "default/default", read(yaml.broker), {})

    assert "there is no FileSink default/s" in invalid.value.mistakes[0]
