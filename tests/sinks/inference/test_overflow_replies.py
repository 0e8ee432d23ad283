"""Replies that are too large for the log: stored beside it, and named by `dataref`."""

import asyncio
import time
from pathlib import Path

import orjson
import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.event import Event
from sinks.inference.onnx import OnnxSink
from sinks.inference.protocol import ModelAnswer, ModelRequest
from sinks.inference.server.caller import Called
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import InferenceSinkSpec, OverflowSpec, ReplySpec
from tests.sinks.inference import models
from tests.sinks.inference.server.answering import spec_for
from tests.sinks.making import an_event

SMALL_BYTES = 100


class Talking:
    """A model whose answer is as long as each event says; `kserve-ce` ones are events."""

    def __init__(self, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self._headers = headers

    async def post(self, request: ModelRequest, deadline: float) -> Called:
        rows = [["x" * size] for size in orjson.loads(request.body)["instances"]]
        return ModelAnswer(200, self._headers, orjson.dumps({"predictions": rows}))

    async def get(self, path: str, deadline: float) -> Called:
        return ModelAnswer(404)


def reply_of(url: str, **more: object) -> ReplySpec:
    return ReplySpec(max_bytes=SMALL_BYTES, overflow=OverflowSpec(url), **more)  # type: ignore[arg-type]


def asking(*sizes: int, step: str = "deliver") -> list[Delivery]:
    return [
        Delivery(f"d-{n}", "default/t", n, 1, step, an_event(b"%d" % size, id=str(n)))
        for n, size in enumerate(sizes, 1)
    ]


async def answers(
    reply: ReplySpec, *given: Delivery, caller: Talking | None = None, **fields: object
) -> list[Outcome]:
    protocol = str(fields.pop("protocol", "v1"))
    spec = spec_for(protocol, "http://m", reply=reply, **fields)
    sink = ModelServerSink(
        spec, SteadyClock(), chance=lambda: 0.5, caller_of=lambda _: caller or Talking()
    )
    found = await sink.deliver(given, time.monotonic() + 20.0)
    await sink.close()
    return list(found)


def reply(outcome: Outcome) -> Event:
    assert isinstance(outcome, Delivered), outcome
    assert outcome.reply is not None
    return outcome.reply


async def test_a_large_reply_is_a_file_and_a_small_one_is_as_ever(tmp_path: Path) -> None:
    folder = tmp_path / "a b"

    small, large = await answers(reply_of(f"file:{tmp_path}/a%20b"), *asking(5, 500))

    (file,) = folder.iterdir()
    assert reply(small).data == b'["xxxxx"]'
    assert "dataref" not in reply(small).attributes
    assert reply(large).data is None
    assert reply(large).attributes["dataref"] == file.as_uri()
    assert file.name == f"{reply(large).id}.json"
    assert orjson.loads(file.read_bytes()) == ["x" * 500]
    assert reply(large).attributes["datacontenttype"] == "application/json"


async def test_a_redelivery_writes_the_same_file(tmp_path: Path) -> None:
    for _ in range(2):
        await answers(reply_of(tmp_path.as_uri().replace("///", "/")), *asking(500))

    assert len(list(tmp_path.iterdir())) == 1


async def test_an_answer_that_is_an_event_keeps_its_attributes(tmp_path: Path) -> None:
    headers = (
        ("ce-specversion", "1.0"), ("ce-id", "random"), ("ce-source", "/m"), ("ce-type", "said"),
        ("content-type", "application/json"),
    )  # fmt: skip

    (large,) = await answers(
        reply_of(f"file:{tmp_path}"), *asking(500), caller=Talking(headers), protocol="kserve-ce"
    )

    event = reply(large)
    assert (event.type, event.data, event.attributes["origid"]) == ("said", None, "random")
    assert (tmp_path / f"{event.id}.json").stat().st_size > 500


async def test_without_a_place_it_is_dead_as_too_large() -> None:
    (large,) = await answers(ReplySpec(max_bytes=SMALL_BYTES), *asking(500))

    assert isinstance(large, Failed)
    assert large.reason is Reason.TOO_LARGE


async def test_a_file_job_has_no_use_for_a_name(tmp_path: Path) -> None:
    (large,) = await answers(reply_of(f"file:{tmp_path}"), *asking(500, step="file/j"))

    assert isinstance(large, Failed)
    assert list(tmp_path.iterdir()) == []


async def test_a_place_that_cannot_be_stops_the_trigger(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")

    (large,) = await answers(reply_of(f"file:{tmp_path}/taken"), *asking(500))

    assert isinstance(large, Failed)
    assert (large.outcome_class, large.pause, large.is_held) == (OutcomeClass.CONFIG, True, True)
    assert "reply.overflow" in large.message


async def test_where_resend_is_never_an_answer_that_cannot_be_kept_is_dead(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")

    (large,) = await answers(reply_of(f"file:{tmp_path}/taken"), *asking(500), is_resent=False)

    assert isinstance(large, Failed)
    assert large.reason is Reason.ATTEMPTS


async def test_a_dataref_of_the_event_is_not_copied(tmp_path: Path) -> None:
    event = an_event(b"5", id="1", dataref="file:///theirs", color="red")
    delivery = Delivery("d", "default/t", 1, 1, "deliver", event)

    (small,) = await answers(reply_of(f"file:{tmp_path}", copy_extensions=("*",)), delivery)

    assert reply(small).attributes["color"] == "red"
    assert "dataref" not in reply(small).attributes


async def test_a_trial_shows_the_name_and_stores_nothing(tmp_path: Path) -> None:
    spec = spec_for("v1", "http://m", reply=reply_of(f"file:{tmp_path}"))
    sink = ModelServerSink(spec, SteadyClock(), chance=lambda: 0.5, caller_of=lambda _: Talking())

    tried = await sink.try_one(asking(500)[0], time.monotonic() + 20.0)

    assert reply(tried.outcome).attributes["dataref"].startswith(f"file://{tmp_path}/")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_tried", [False, True])
async def test_a_model_of_this_process_overflows_as_others_do(
    tmp_path: Path, is_tried: bool
) -> None:
    model = await asyncio.to_thread(models.doubling, tmp_path / "m.onnx")
    kept = tmp_path / "kept"
    spec = InferenceSinkSpec(
        "default/m", "onnx", model.as_uri(), output={"path": "/y"}, reply=reply_of(f"file:{kept}")
    )
    sink = OnnxSink(spec, SteadyClock())
    event = an_event(orjson.dumps([[1, 2]] * 100), id="1")
    delivery = Delivery("d", "default/t", 1, 1, "deliver", event)

    if is_tried:
        outcome = (await sink.try_one(delivery, time.monotonic() + 20.0)).outcome
    else:
        (outcome,) = await sink.deliver([delivery], time.monotonic() + 20.0)
    await sink.close()

    file = kept / f"{reply(outcome).id}.json"
    assert reply(outcome).attributes["dataref"] == file.as_uri()
    assert file.exists() is not is_tried
