"""What is declared is used, and what is used is declared: signals, metrics, points, statements."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from broker.failpoint import POINTS
from broker.telemetry import METRICS, SIGNALS
from tests.house.source import Module


def named_by_calls(modules: Iterable[Module], function: str) -> Iterator[tuple[str, str]]:
    """Place and literal first argument of every call of `function`."""
    for module in modules:
        for call in module.calls(function):
            if not call.args:
                continue
            place = f"{module.path}:{call.lineno}"
            for first in choices(call.args[0]):
                if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
                    pytest.fail(f"{place}: {function}() of a computed name; remedy: a literal")
                yield place, first.value


def choices(argument: ast.expr) -> Iterator[ast.expr]:
    """Both sides of `a if condition else b`, else the argument itself."""
    if isinstance(argument, ast.IfExp):
        yield from choices(argument.body)
        yield from choices(argument.orelse)
    else:
        yield argument


def test_every_signal_that_is_emitted_is_declared(modules: list[Module]) -> None:
    unknown = [at for at in named_by_calls(modules, "emit") if at[1] not in SIGNALS]

    assert not unknown, f"{unknown}; remedy: add the name to broker.telemetry.SIGNALS"


def test_every_declared_signal_is_emitted(modules: list[Module]) -> None:
    emitted = {name for _, name in named_by_calls(modules, "emit")}

    silent = SIGNALS.keys() - emitted

    assert not silent, f"{sorted(silent)}; remedy: emit it at its seam, or take it from SIGNALS"


def test_every_metric_is_exported_and_no_other(modules: list[Module]) -> None:
    declared = {metric.name for metric in METRICS}
    (exporters,) = [module for module in modules if module.name == "deploy.exporters"]
    given = {
        node.value.elts[0].value
        for node in ast.walk(exporters.tree)
        if isinstance(node, ast.Yield)
        and isinstance(node.value, ast.Tuple)
        and isinstance(node.value.elts[0], ast.Constant)
    }

    assert given == declared, (
        f"not exported: {declared - given}, not declared: {given - declared}; "
        "remedy: METRICS in broker.telemetry and deploy.exporters name the same"
    )


def test_every_failpoint_is_reached_by_the_code(modules: list[Module]) -> None:
    reached = {name for _, name in named_by_calls(modules, "reach")}

    assert reached == POINTS.keys(), (
        f"never reached: {sorted(POINTS.keys() - reached)}, "
        f"not declared: {sorted(reached - POINTS.keys())}; "
        "remedy: call broker.failpoint.reach between the two steps that POINTS describes"
    )


def test_a_test_dies_at_every_failpoint(test_modules: list[Module]) -> None:
    named = {text for module in test_modules for _, text in module.strings()}

    untried = POINTS.keys() - named

    assert not untried, f"{sorted(untried)}; remedy: a test in tests/faults that arms it"


def test_every_statement_file_is_run_by_its_engine(root: Path, modules: list[Module]) -> None:
    engine = root / "broker" / "storage" / "sqlite"
    files = {path.stem for path in (engine / "statements").glob("*.sql")}
    named = {
        text
        for module in modules
        if module.path.is_relative_to("broker/storage/sqlite")
        for _, text in module.strings()
    }

    unused = files - named

    assert not unused, f"{sorted(unused)}; remedy: remove the file, or run it by its name"
