"""A text of a real llama.cpp server, in pieces and whole."""

import time

import pytest

from broker.clock import SteadyClock
from broker.delivery import Delivered
from sinks.inference.server.sink import ModelServerSink
from sinks.inference_spec import InferenceSinkSpec, LimitSpec
from tests.servers.llama import Llama
from tests.sinks.making import a_delivery, an_event


async def text_of(llama: Llama, task: str, *, stream: bool) -> bytes | None:
    parameters = {"stream": stream, "max_tokens": 8, "temperature": 0, "seed": 1}
    spec = InferenceSinkSpec(
        "default/streamed",
        "openai",
        llama.url,
        model=llama.model,
        task=task,
        input={"prompt": "{{ data/text }}", "parameters": parameters},
        limits=LimitSpec(tokens_per_minute=60_000),
    )
    sink = ModelServerSink(spec, SteadyClock(), chance=lambda: 0.5)
    given = [a_delivery(an_event(b'{"text":"one two three"}'))]
    (outcome,) = await sink.deliver(given, time.monotonic() + 60.0)
    await sink.close()
    assert isinstance(outcome, Delivered), outcome
    assert outcome.reply is not None
    assert outcome.reply.attributes["inferencefinish"] in ("stop", "length")
    return outcome.reply.data


@pytest.mark.parametrize("task", ["chat", "completions"])
async def test_the_pieces_make_the_whole_text(llama: Llama, task: str) -> None:
    whole = await text_of(llama, task, stream=False)

    in_pieces = await text_of(llama, task, stream=True)

    assert whole
    assert in_pieces == whole
