"""http-json and kserve-ce, and what all HTTP protocols share."""

import subprocess
import sys
from typing import Any

import pytest

from broker.errors import Invalid
from sinks.inference.protocol import ModelAnswer, Refusal
from sinks.inference_spec import BatchSpec, ReplySpec
from tests.sinks.inference.peers.kserve import CE_HEADERS
from tests.sinks.inference.protocol_bench import body, items, parts, protocol, refused, sent

CE = tuple(tuple(line.split(": ", 1)) for line in CE_HEADERS)
JSON = ("content-type", "application/json")


def test_data_goes_as_it_came_to_the_url_itself() -> None:
    request = sent(protocol("http-json", model=None), b'{"a" : 1}')

    assert request.path == ""
    assert request.body == b'{"a" : 1}'
    assert dict(request.headers)["content-type"] == "application/json"


def test_bytes_keep_their_media_type() -> None:
    request = sent(protocol("http-json"), b"\x89PNG", datacontenttype="image/png")

    assert (request.body, dict(request.headers)["content-type"]) == (b"\x89PNG", "image/png")


@pytest.mark.parametrize(
    ("input", "data", "expected"),
    [
        ({"data": "/a"}, {"a": [1]}, [1]),
        ({"body": {"q": "{{ data/a }}", "t": "n {{ data/n }}", "k": 3}}, {"a": [1], "n": 2},
         {"q": [1], "t": "n 2", "k": 3}),
        ({"bytes": {"as": "base64"}}, b"\x89PNG", "iVBORw=="),
        ({"bytes": {"as": "base64", "name": "image"}}, b"\x89PNG", {"image": "iVBORw=="}),
        ({"data": "", "parameters": {"p": 1}}, {"a": 1}, {"a": 1, "p": 1}),
    ],
)  # fmt: skip
def test_input_draws_the_body(input: Any, data: Any, expected: Any) -> None:
    assert body(protocol("http-json", input=input), data) == expected


@pytest.mark.parametrize(
    ("spec", "path", "probes"),
    [
        ({"server": "ray"}, "", ("/-/healthz",)),
        ({"server": "litserve"}, "/predict", ("/health",)),
        ({"server": "bentoml", "path": "/label"}, "/label", ("/readyz",)),
        ({"server": "torchserve"}, "/predictions/iris", ("/ping",)),
        ({"server": "torchserve", "version": "2"}, "/predictions/iris/2", ("/ping",)),
        ({"path": "/m/{model}/{{ subject }}", "ready_path": "/up/{model}"}, "/m/iris/a%2Fb",
         ("/up/iris",)),
        ({}, "", ()),
    ],
)  # fmt: skip
def test_servers_have_their_paths(spec: Any, path: str, probes: tuple[str, ...]) -> None:
    made = protocol("http-json", **spec)

    assert sent(made, {}, subject="a/b").path == path
    assert made.probe_paths() == probes


@pytest.mark.parametrize(
    ("wrap", "expected"),
    [("/in/list", {"in": {"list": [1, 2]}}), ("", [1, 2]), ("$.in", {"in": [1, 2]})],
)
def test_events_are_joined_where_the_list_goes(wrap: str, expected: Any) -> None:
    made = protocol("http-json", batch=BatchSpec(8, wrap=wrap), output={"path": "/out"})

    joined = body(made, 1, 2)
    first, second = parts(made, [1, 2], {"out": ["a", "b"]})

    assert joined == expected
    assert (first.value, second.value) == ("a", "b")
    assert made.batch_limit == 8


def test_bytes_in_a_list_are_base64() -> None:
    made = protocol("http-json", batch=BatchSpec(8, wrap=""), input={"bytes": {"name": "image"}})

    assert body(made, b"\x89PNG") == [{"image": "iVBORw=="}]


@pytest.mark.parametrize("answer", [{"out": ["a"]}, {"out": "ab"}, {}, b"text"])
def test_a_list_of_another_length_is_no_answer(answer: Any) -> None:
    made = protocol("http-json", batch=BatchSpec(8, wrap=""), output={"path": "/out"})

    assert "answers" in refused(made, [1, 2], answer)


def test_an_answer_that_is_no_json_is_kept_with_its_type() -> None:
    made = protocol("http-json")

    (text,) = parts(made, [{}], b"a label", ("content-type", "text/plain"))
    (image,) = parts(made, [{}], b"\x89PNG")

    assert (text.raw, text.content_type) == (b"a label", "text/plain")
    assert image.content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("output", "header"),
    [({"path": "/a"}, ("content-type", "text/plain")), ({}, JSON), ({"mergeUnder": "p"}, JSON)],
)
def test_text_where_json_is_needed_is_no_answer(output: Any, header: Any) -> None:
    assert "is no JSON" in refused(protocol("http-json", output=output), [{}], b"a label", header)


def test_headers_are_filled_and_part_of_what_may_share_a_request() -> None:
    made = protocol("v1", headers={"Host": "iris.example", "X-Tenant": "{{ tenant }}"})

    request = sent(made, [1], tenant="a")
    (one,), (other,) = items(made, [1], tenant="a"), items(made, [2], tenant="b")

    assert ("host", "iris.example") in request.headers
    assert ("x-tenant", "a") in request.headers
    assert one.key != other.key


@pytest.mark.parametrize("subject", ["a\r\nx: y", "ü", "a\x7f"])
def test_an_event_cannot_write_headers_of_its_own(subject: str) -> None:
    made = protocol("v1", headers={"X-Subject": "{{ data/s }}"})

    with pytest.raises(Invalid, match="x-subject"):
        items(made, {"s": subject})


def test_an_id_that_is_no_header_is_percent_encoded() -> None:
    assert dict(sent(protocol("v1"), [1], id="ü 1").headers)["x-request-id"] == "%C3%BC%201"


def test_kserve_gets_the_event_in_binary_mode_always_with_a_time() -> None:
    request = sent(protocol("kserve-ce"), [1], color="red")

    headers = dict(request.headers)
    assert request.path == "/v1/models/iris:predict"
    assert request.body == b'{"instances":[[1]]}'
    assert headers["content-type"] == "application/json"
    assert headers["ce-time"] == "2026-11-22T10:00:00.000Z"
    assert (headers["ce-id"], headers["ce-color"]) == ("e-0", "red")


def test_kserve_answers_with_an_event() -> None:
    (part,) = parts(protocol("kserve-ce"), [[1]], b'{"predictions": [0]}', *CE)

    assert part.event is not None
    assert part.event.id == "5dc37b01-6d9e-43c1-a03d-588b0758deec"
    assert part.event.data == b'{"predictions": [0]}'


def test_an_answer_of_kserve_without_ce_headers_is_wrapped() -> None:
    (part,) = parts(protocol("kserve-ce"), [[1]], b'{"predictions":[0]}', JSON)

    assert (part.event, part.raw) == (None, b'{"predictions":[0]}')


@pytest.mark.parametrize("mode", ["auto", "cloudevent"])
def test_a_structured_answer_is_an_event_too(mode: Any) -> None:
    written = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": {"a": 1}}
    made = protocol("http-json", reply=ReplySpec(mode=mode))

    (part,) = parts(made, [{}], written, ("content-type", "application/cloudevents+json"))

    assert part.event is not None
    assert part.event.type == "t"


@pytest.mark.parametrize(
    "headers",
    [
        (("ce-specversion", "0.3"), ("ce-id", "42"), ("ce-source", "io.seldon"), ("ce-type", "t")),
        (("ce-specversion", "1.0"), ("ce-id", "42")),
        (),
    ],
)
def test_what_is_no_event_of_1_0_is_wrapped_or_refused_as_asked(headers: Any) -> None:
    auto = protocol("http-json", reply=ReplySpec(mode="auto"))
    strict = protocol("http-json", reply=ReplySpec(mode="cloudevent"))

    (part,) = parts(auto, [{}], b'{"a":1}', *headers)
    why = refused(strict, [{}], b'{"a":1}', *headers)

    assert part.value == {"a": 1}
    assert "no CloudEvent 1.0" in why


def test_by_default_an_answer_that_is_an_event_is_wrapped_all_the_same() -> None:
    (part,) = parts(protocol("http-json"), [{}], b'{"predictions": [0]}', *CE)

    assert part.event is None


def test_where_no_reply_is_wanted_the_body_is_not_looked_at() -> None:
    made = protocol("v1", reply=ReplySpec(mode="none"))

    (part,) = parts(made, [[1]], b"anything")

    assert part.is_empty


def test_a_refusal_is_judged_by_the_server_that_is_configured() -> None:
    made = protocol("v2", server="mlserver", input={"instances": ""})

    found = made.parts(items(made, [1]), ModelAnswer(400))

    assert isinstance(found, Refusal)
    assert found.outcome_class == "not_ready"


def test_no_protocol_needs_an_array_library() -> None:
    program = "import sys, sinks.inference.protocols, sinks.inference.replies; print(*sys.modules)"
    found = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split()

    assert "numpy" not in found
    assert "sinks.inference.protocols.v2" in found
