"""Sizes, names and places: what keeps the tree readable in an evening."""

import re
import tomllib
from pathlib import Path

from tests.house.source import Module, kept_files

MODULE_LINES_MAX = 300
FUNCTION_LINES_MAX = 60
EMPTY_NAMES = {"utils", "util", "common", "misc", "manager", "base", "info", "helpers"}
# A home folder, or a root-level one that only some machine has.
PLACE = re.compile(
    r"(?<![\w.:/}>-])/(?:home|root|Users|work|mnt|media)/[\w.-]+|[A-Z]:\\(?:Users|work)"
)
DATA = {".onnx", ".png", ".csv", ".lock"}


def test_no_module_is_longer_than_one_sitting(modules: list[Module]) -> None:
    long = {
        str(module.path): lines
        for module in modules
        if (lines := len(module.text.splitlines())) > MODULE_LINES_MAX
    }

    assert not long, f"over {MODULE_LINES_MAX} lines: {long}; remedy: split by noun"


def test_no_function_is_longer_than_one_screen(modules: list[Module]) -> None:
    long = {
        f"{module.path}:{function.lineno} {function.name}": lines
        for module in modules
        for function in module.functions()
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }

    assert not long, f"over {FUNCTION_LINES_MAX} lines: {long}; remedy: name its steps"


def test_every_module_is_named_after_what_it_holds(modules: list[Module]) -> None:
    empty = [
        str(module.path)
        for module in modules
        if EMPTY_NAMES & {part.removesuffix(".py") for part in module.path.parts}
    ]

    assert not empty, f"these names say nothing: {empty}; remedy: a noun of GLOSSARY.md"


def test_every_module_says_what_it_is(modules: list[Module]) -> None:
    silent = [
        str(module.path)
        for module in modules
        if module.text.strip() and not module.text.startswith('"""')
    ]

    assert not silent, f"no docstring: {silent}; remedy: one line saying what the module gives"


def test_no_two_test_files_share_a_name(test_modules: list[Module]) -> None:
    names = [module.path.name for module in test_modules if module.path.name.startswith("test_")]

    doubles = sorted({name for name in names if names.count(name) > 1})

    assert not doubles, f"twice: {doubles}; remedy: add the folder's noun to one of them"


def test_no_file_names_a_place_on_somebodys_machine(root: Path) -> None:
    named = []
    for path in kept_files(root):
        if path.suffix in DATA or path == Path(__file__):
            continue
        text = path.read_text("utf-8", errors="replace")
        named += [f"{path.relative_to(root)}: {place}" for place in PLACE.findall(text)]

    assert not named, f"{named}; remedy: a path relative to the repository, or a temporary one"


def test_the_layer_contract_lists_no_exception(root: Path) -> None:
    contracts = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]

    (layers,) = contracts["contracts"]

    assert layers["layers"] == ["deploy", "triggers", "sinks | sources", "broker"]
    assert "ignore_imports" not in layers, "remedy: move the value below both that need it"
