"""Each engine that the table of engines names is under the suite of all."""

from importlib import import_module
from pathlib import Path

from broker.storage import ENGINES
from tests.contracts.store import KINDS


async def test_the_suite_runs_on_every_engine_of_the_table(tmp_path: Path) -> None:
    made = {name: make(tmp_path).engine for name, make in KINDS.items()}

    named = {}
    for name, place in ENGINES.items():
        module, _, kind = place.partition(":")
        named[name] = getattr(import_module(module), kind)

    assert {name: type(engine) for name, engine in made.items()} == named
