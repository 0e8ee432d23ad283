"""Trying what sources connect to, before they run: at most eight at once, fifteen seconds each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from broker.clock import SteadyClock
from broker.errors import Denied
from deploy.sources.trial import AT_ONCE_MAX, Trial, try_sources
from sources.source import Outlet, Source, SourceSupplies
from sources.spec import SourceSpec

SOURCE = """
apiVersion: headrace.dev/v1
kind: WebhookSource
metadata: {name: hooks}
spec: {template: {type: com.example.hook}, sink: {uri: "http://sink.example/"}}
"""
SUPPLIES = SourceSupplies(SteadyClock(), lambda: 0.5)


class Checked:
    """A source whose `check` is `found`; it never runs."""

    def __init__(self, found: Callable[[], Awaitable[str]]) -> None:
        self._found = found

    async def run(self, outlet: Outlet) -> None:
        raise AssertionError("a check runs nothing")

    async def check(self) -> str:
        return await self._found()


async def tried(
    found: Mapping[str, Callable[[], Awaitable[str]]], seconds_max: float = 15.0
) -> Sequence[tuple[str, str]]:
    """Name, and what was found or the code of what was wrong, as it was told."""
    told: list[Trial] = []
    specs = [SourceSpec("KafkaSource", name, "default/default", None) for name in found]

    def make(spec: SourceSpec, supplies: SourceSupplies) -> Source:
        return Checked(found[spec.name])

    trials = await try_sources(specs, SUPPLIES, told.append, make, seconds_max)
    assert list(trials) == told
    return [(one.name, one.found if one.failure is None else one.failure.code) for one in told]


async def right() -> str:
    return "it is there"


async def denied() -> str:
    raise Denied("alice may not read topic orders", code="denied", remedy="give her READ")


async def gone() -> str:
    raise ConnectionRefusedError(111, "Connection refused")


async def defect() -> str:
    raise ZeroDivisionError


async def silent() -> str:
    await asyncio.Event().wait()
    return ""


async def late_in_its_own_way() -> str:
    raise TimeoutError("no answer to Metadata")


def test_on_the_command_line_each_source_is_a_line_below_the_counts(
    headrace: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(SOURCE)

    without, connected = headrace("check", file), headrace("check", "--connect", file)

    counts = "no mistakes: 0 brokers, 0 triggers, 0 sinks, 1 source"
    assert without.out.splitlines() == [counts]
    first, second = connected.out.splitlines()
    assert (connected.exit_code, first) == (0, counts)
    assert second.startswith("source default/hooks  ok: listens on the ingress at /sources/")


def test_what_references_give_is_needed_to_connect(
    headrace: Callable[..., Any], tmp_path: Path
) -> None:
    assert headrace("check", "--connect", "--no-resolve", tmp_path).exit_code == 2


async def test_each_is_told_by_name_whatever_is_wrong_with_the_others() -> None:
    told = await tried({"d": right, "c": denied, "b": gone, "a": defect})

    assert told == [("a", "defect"), ("b", "unreachable"), ("c", "denied"), ("d", "it is there")]


async def test_one_that_never_answers_has_failed() -> None:
    told = await tried({"silent": silent, "right": right}, seconds_max=0.02)

    assert told == [("right", "it is there"), ("silent", "timeout")]


async def test_a_clients_own_timeout_is_told_in_its_words() -> None:
    told = await tried({"late": late_in_its_own_way})

    assert told == [("late", "unreachable")]


async def test_at_most_eight_are_tried_at_once() -> None:
    now, most = 0, 0

    async def counted() -> str:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return ""

    await tried({f"source-{number}": counted for number in range(30)})

    assert most == AT_ONCE_MAX


async def test_one_that_cannot_be_made_is_wrong_too() -> None:
    spec = SourceSpec("NoSource", "default/none", "default/default", None)

    (trial,) = await try_sources([spec], SUPPLIES, lambda trial: None)

    assert trial.failure is not None
    assert (trial.failure.code, trial.found) == ("unknown-kind", "")
