import pytest

from broker.clock import SteadyClock
from broker.delivery import Failed
from broker.errors import Invalid
from broker.registry import load
from sinks.http_client import HttpClient
from sinks.kinds import KINDS, Supplies, kind_of, make_sink, target_name
from sinks.spec import FileSinkSpec, HttpSinkSpec, InferenceSinkSpec, SinkSpec
from tests.sinks.making import a_delivery

SPECS: list[tuple[SinkSpec, str, str]] = [
    (HttpSinkSpec("http://h/a?b"), "http", "http://h/a?b"),
    (FileSinkSpec("default/out", "/tmp/x"), "file", "file default/out"),
    (InferenceSinkSpec("default/iris", "onnx", "file:m"), "onnx", "onnx default/iris"),
]


@pytest.mark.parametrize(("spec", "kind", "target"), SPECS)
def test_each_spec_has_a_kind_and_a_target(spec: SinkSpec, kind: str, target: str) -> None:
    assert (kind_of(spec), target_name(spec)) == (kind, target)


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_of_the_table_can_be_loaded(kind: str) -> None:
    assert callable(load(KINDS, kind))


def test_an_unknown_kind_names_those_there_are() -> None:
    with pytest.raises(Invalid, match="http, file, onnx"):
        load(KINDS, "smtp")


async def test_a_url_from_elsewhere_and_the_admin_listener_are_not_reached() -> None:
    client = HttpClient(SteadyClock())
    supplies = Supplies(SteadyClock(), client, forbidden=(("127.0.0.1", 8081),))
    spec = HttpSinkSpec("http://127.0.0.1:8081/")

    untrusted = make_sink(spec, supplies, trusted=False)
    admin = make_sink(spec, supplies)
    deadline = SteadyClock().monotonic() + 60
    outcomes = [(await sink.deliver([a_delivery()], deadline))[0] for sink in (untrusted, admin)]
    await client.close()

    messages = [outcome.message for outcome in outcomes if isinstance(outcome, Failed)]
    assert len(messages) == 2
    assert all("admin listener" in message for message in messages)
