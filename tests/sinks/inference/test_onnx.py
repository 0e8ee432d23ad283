import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid, Unavailable
from sinks.inference.onnx import OnnxSink
from sinks.inference_spec import LimitSpec
from sinks.spec import InferenceSinkSpec
from tests.sinks.inference import models
from tests.sinks.making import a_delivery, an_event


def sink_of(path: Path, input: Mapping[str, Any] | None = None, **facts: object) -> OnnxSink:
    spec = InferenceSinkSpec(
        "default/made",
        "onnx",
        path.as_uri(),
        input=input or {},
        output={"path": "/y"},
        **facts,  # type: ignore[arg-type]
    )
    return OnnxSink(spec, SteadyClock())


def asking(*data: object) -> list[Delivery]:
    return [a_delivery(an_event(orjson.dumps(each), id=f"e-{n}")) for n, each in enumerate(data)]


def soon() -> float:
    return time.monotonic() + 60.0


def answers(outcomes: object) -> list[object]:
    """The data of each reply, or the class of the failure."""
    assert isinstance(outcomes, list)
    return [_answer(outcome) for outcome in outcomes]


def _answer(outcome: Outcome) -> object:
    if isinstance(outcome, Failed):
        return outcome.outcome_class
    assert outcome.reply is not None
    return orjson.loads(outcome.reply.data or b"")


async def test_a_batch_is_predicted_together_and_answered_in_order(tmp_path: Path) -> None:
    sink = sink_of(models.doubling(tmp_path / "m.onnx"))
    await sink.open()

    outcomes = await sink.deliver(asking([[1, 2]], [[3, 4], [5, 6]], [[7, 8]]), soon())
    await sink.close()

    assert sink.batch_limit == 64
    assert answers(outcomes) == [[[2, 4]], [[6, 8], [10, 12]], [[14, 16]]]


async def test_a_model_of_fixed_rows_takes_one_event_a_call(tmp_path: Path) -> None:
    sink = sink_of(models.doubling(tmp_path / "m.onnx", rows=1))
    await sink.open()

    outcomes = await sink.deliver(asking([[1, 2]], [[3, 4]]), soon())
    await sink.close()

    assert sink.batch_limit == 1
    assert answers(outcomes) == [[[2, 4]], [[6, 8]]]


async def test_a_bad_event_fails_alone_before_the_call(tmp_path: Path) -> None:
    sink = sink_of(models.doubling(tmp_path / "m.onnx"))
    bad = a_delivery(an_event(b"not json"))

    outcomes = await sink.deliver([*asking([[1, 2]], {"z": 1}), bad], soon())
    await sink.close()

    assert answers(outcomes) == [[[2, 4]], OutcomeClass.BAD_INPUT, OutcomeClass.BAD_INPUT]
    assert isinstance(outcomes[1], Failed)
    assert outcomes[1].reason is Reason.BAD_INPUT


async def test_a_batch_that_one_event_poisons_is_halved_until_it_is_found(tmp_path: Path) -> None:
    sink = sink_of(models.picking(tmp_path / "m.onnx"))
    good, poison = {"x": [[1, 2]], "at": [0]}, {"x": [[1, 2]], "at": [99]}

    outcomes = await sink.deliver(asking(good, good, poison, good, good), soon())
    await sink.close()

    expected: list[object] = [[[1, 2]]] * 5
    assert answers(outcomes)[2] in (OutcomeClass.BAD_INPUT, OutcomeClass.SUSPECT)
    assert [a for n, a in enumerate(answers(outcomes)) if n != 2] == expected[:4]


async def test_when_all_fail_alone_the_next_batch_is_not_halved(tmp_path: Path) -> None:
    sink = sink_of(models.summing(tmp_path / "m.onnx"))
    batch = asking([[1, 2], [3, 4]], [[5, 6], [7, 8]])

    first = await sink.deliver(batch, soon())
    second = await sink.deliver(batch, soon())
    await sink.close()

    assert answers(first) == answers(second) == [OutcomeClass.SUSPECT] * 2
    assert first[0] is not first[1]
    assert second[0] is second[1]


async def test_no_number_is_null(tmp_path: Path) -> None:
    sink = sink_of(models.logarithm(tmp_path / "m.onnx"))

    outcomes = await sink.deliver(asking([[-1, 1]]), soon())
    await sink.close()

    assert answers(outcomes) == [[[None, 0]]]


async def test_a_call_past_its_deadline_is_stopped(tmp_path: Path) -> None:
    sink = sink_of(models.endless(tmp_path / "m.onnx"), limits=LimitSpec(max_in_flight=1))
    await sink.open()

    (outcome,) = await sink.deliver(asking([[1, 2]]), time.monotonic() + 0.2)
    began = time.monotonic()
    await sink.close()

    assert isinstance(outcome, Failed)
    assert (outcome.outcome_class, outcome.evidence.phase) == (OutcomeClass.TRANSIENT, "timeout")
    assert time.monotonic() - began < 60.0


@pytest.mark.parametrize("content", [None, b"no model"])
async def test_a_model_that_cannot_be_loaded_is_a_configuration_mistake(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "m.onnx").write_bytes(content)
    sink = sink_of(tmp_path / "m.onnx")

    (outcome,) = await sink.deliver(asking([[1, 2]]), soon())

    with pytest.raises(Invalid, match=r"m\.onnx"):
        await sink.open()
    with pytest.raises(Unavailable):
        await sink.probe()
    assert isinstance(outcome, Failed)
    assert (outcome.outcome_class, outcome.reason) == (OutcomeClass.CONFIG, None)
    assert outcome.pause


async def test_an_input_that_the_model_lacks_is_refused_at_opening(tmp_path: Path) -> None:
    sink = sink_of(models.doubling(tmp_path / "m.onnx"), {"columns": {"names": ["a"]}})

    with pytest.raises(Invalid, match="columns names 1 fields, x takes 2"):
        await sink.open()


async def test_a_changed_file_is_loaded_when_opened_again(tmp_path: Path) -> None:
    sink = sink_of(models.doubling(tmp_path / "m.onnx"))
    await sink.open()
    models.logarithm(tmp_path / "m.onnx")

    await sink.open()
    outcomes = await sink.deliver(asking([[1, 1]]), soon())
    await sink.close()

    assert answers(outcomes) == [[[0, 0]]]


async def test_a_reply_of_an_event_is_the_same_event_when_asked_again(tmp_path: Path) -> None:
    sink = sink_of(models.doubling(tmp_path / "m.onnx"))

    (first,) = await sink.deliver(asking([[1, 2]]), soon())
    (again,) = await sink.deliver(asking([[1, 2]]), soon())
    await sink.close()

    assert isinstance(first, Delivered)
    assert isinstance(again, Delivered)
    assert first.reply is not None
    assert again.reply is not None
    assert first.reply.id == again.reply.id


@pytest.mark.parametrize("url", ["http://x/m.onnx", "m.onnx", "file:", "file://host/m.onnx"])
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="names no model file"):
        OnnxSink(InferenceSinkSpec("default/made", "onnx", url), SteadyClock())
