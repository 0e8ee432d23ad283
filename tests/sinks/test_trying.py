"""One request to be looked at: plain HTTP and models of this process, and no secret shown."""

import time
from pathlib import Path

import orjson
import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery, Failed, OutcomeClass
from broker.event import Event
from sinks.inference.onnx import OnnxSink
from sinks.inference.server.trial import shown_url
from sinks.spec import InferenceSinkSpec
from sinks.trying import read_head, shown_headers
from tests.sinks.conftest import MakeSink, Serve
from tests.sinks.inference import models
from tests.sinks.making import a_delivery, an_event
from tests.sinks.server import answering, with_body

PLAIN = "content-type: text/plain"


def soon() -> float:
    return time.monotonic() + 60.0


def doubling(folder: Path) -> OnnxSink:
    model = models.doubling(folder / "m.onnx")
    written = {"columns": {"names": ["a", "b"], "datatype": "FP32"}}
    spec = InferenceSinkSpec("default/made", "onnx", f"file:{model}", written)
    return OnnxSink(spec, SteadyClock())


def json_event(data: object) -> Event:
    return an_event(data=orjson.dumps(data))


def json_delivery(data: object) -> Delivery:
    return a_delivery(json_event(data))


async def test_a_subscriber_shows_what_it_was_sent_and_said(
    sink_at: MakeSink, serve: Serve
) -> None:
    server = await serve(answering(with_body("422 No", b"no such order", PLAIN)))
    event = an_event()

    tried = await sink_at(server.url).try_one(a_delivery(event), soon())

    assert tried.sent is not None
    assert tried.answered is not None
    assert (tried.sent.verb, tried.sent.url) == ("POST", server.url)
    assert tried.sent.body == event.data
    assert dict(tried.sent.headers)["ce-type"] == event.type
    assert (tried.answered.status, tried.answered.body) == (422, b"no such order")
    assert isinstance(tried.outcome, Failed)
    assert tried.outcome.outcome_class is OutcomeClass.BAD_INPUT


async def test_a_subscriber_that_is_not_there_shows_only_what_was_sent(
    sink_at: MakeSink, refused_port: int
) -> None:
    sink = sink_at(f"http://127.0.0.1:{refused_port}/in")

    tried = await sink.try_one(a_delivery(), soon())

    assert tried.sent is not None
    assert tried.answered is None
    assert isinstance(tried.outcome, Failed)


async def test_a_model_of_this_process_shows_its_tensors(tmp_path: Path) -> None:
    sink = doubling(tmp_path)

    tried = await sink.try_one(json_delivery({"a": 1, "b": 2}), soon())

    assert tried.sent is not None
    assert tried.answered is not None
    assert orjson.loads(tried.sent.body)["inputs"][0]["data"] == [[1.0, 2.0]]
    assert orjson.loads(tried.answered.body)["outputs"][0]["data"] == [2.0, 4.0]
    assert isinstance(tried.outcome, Delivered)
    await sink.close()


async def test_an_event_that_no_tensor_can_be_made_of_is_bad_input(tmp_path: Path) -> None:
    sink = doubling(tmp_path)

    tried = await sink.try_one(json_delivery({"a": "one", "b": 2}), soon())

    assert tried.sent is None
    assert isinstance(tried.outcome, Failed)
    assert tried.outcome.outcome_class is OutcomeClass.BAD_INPUT
    await sink.close()


async def test_a_model_that_goes_on_for_ever_is_stopped(tmp_path: Path) -> None:
    model = models.endless(tmp_path / "m.onnx")
    sink = OnnxSink(
        InferenceSinkSpec("default/made", "onnx", f"file:{model}", {"data": ""}), SteadyClock()
    )

    tried = await sink.try_one(json_delivery([[1.0]]), time.monotonic() + 0.2)

    assert isinstance(tried.outcome, Failed)
    await sink.close()


async def test_a_model_says_what_it_takes(tmp_path: Path) -> None:
    sink = doubling(tmp_path)

    assert (await sink.check()).startswith("loaded; takes ")
    await sink.close()


@pytest.mark.parametrize(
    "name", ["Authorization", "x-api-key", "cookie", "ocp-apim-subscription-key"]
)
def test_a_header_that_may_be_a_secret_is_not_shown(name: str) -> None:
    assert shown_headers(((name, "s3cret"),)) == ((name.lower(), "***"),)


def test_headers_that_say_how_to_read_the_body_are_shown() -> None:
    headers = (("content-type", "application/json"), ("ce-id", "7"))

    assert shown_headers(headers) == headers


def test_a_written_request_is_taken_apart_without_its_secrets() -> None:
    head = b"POST /in?token=x&a=1 HTTP/1.1\r\nhost: h\r\nA: b"

    verb, url, headers = read_head(head, "https://h")

    assert (verb, url) == ("POST", "https://h/in?token=***&a=1")
    assert headers == (("host", "h"), ("a", "b"))


def test_a_models_url_is_shown_with_its_path_and_without_its_key() -> None:
    assert shown_url("http://h/base?key=x", "/v1/y") == "http://h/base/v1/y?key=***"
    assert shown_url("http://h/base", "") == "http://h/base"
