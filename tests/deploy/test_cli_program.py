"""The program: its commands, their help, and what it costs to start."""

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from deploy.cli import COMMANDS

Headrace = Callable[..., Any]
BUILT = [name for name, command in COMMANDS.items() if find_spec(command.where.partition(":")[0])]


def test_help_lists_every_command(headrace: Headrace) -> None:
    ran = headrace("--help")

    assert ran.exit_code == 0
    assert all(f"  {name} " in ran.out for name in COMMANDS)


@pytest.mark.parametrize("name", BUILT)
def test_the_help_of_every_command_has_an_example(headrace: Headrace, name: str) -> None:
    ran = headrace(name, "--help")

    assert ran.exit_code == 0
    assert "Example" in ran.out
    assert "headrace" in ran.out.partition("Example")[2]


@pytest.mark.parametrize(
    "words", [("triggers", "show"), ("events", "show"), ("dlq", "show"), ("dead-letters", "list")]
)
def test_the_help_of_commands_below_has_an_example(
    headrace: Headrace, words: tuple[str, str]
) -> None:
    assert re.search(r"Examples?:\n    headrace ", headrace(*words, "--help").out)


@pytest.mark.parametrize(
    "words", [(), ("nothing",), ("version", "--nothing"), ("brokers", "-o", "xml"), ("--nothing",)]
)
def test_wrong_usage_ends_with_2(headrace: Headrace, words: tuple[str, ...]) -> None:
    assert headrace(*words).exit_code == 2


def test_version_says_which_one(headrace: Headrace) -> None:
    ran = headrace("version")

    assert ran.exit_code == 0
    assert ran.out.startswith("headrace ")


def test_version_loads_none_of_what_it_does_not_need() -> None:
    heavy = "{'yaml', 'rich.table', 'apsw', 'fastapi', 'numpy', 'broker.codec'}"
    code = (
        "import sys, deploy.cli\n"
        "try:\n    deploy.cli.main(['version'])\n"
        f"except SystemExit:\n    print(sorted({heavy} & set(sys.modules)))\n"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert ran.stdout.splitlines()[1:] == ["[]"]


def test_the_package_runs_as_a_module() -> None:
    words = [sys.executable, "-m", "deploy", "version"]

    ran = subprocess.run(words, capture_output=True, text=True, timeout=60)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_cesql_answers_line_by_line() -> None:
    words = [sys.executable, "-m", "deploy", "cesql"]
    lines = '{"expression": "1 + 1", "event": {}}\n\n{"expression": "1 +", "event": {}}\nnonsense\n'

    ran = subprocess.run(words, input=lines, capture_output=True, text=True, timeout=60)

    answers = ran.stdout.splitlines()
    assert ran.returncode == 0
    assert answers[0] == '{"value":2,"errors":[]}'
    assert '"errors":["parse"]' in answers[1]
    assert '"errors":["generic"]' in answers[2]
