"""`headrace check`."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
Headrace = Callable[..., Any]


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_every_example_is_without_mistake(
    headrace: Headrace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in re.findall(r"\$\{env:(\w+)\}", (EXAMPLES / name).read_text("utf-8")):
        monkeypatch.setenv(variable, "whsec_" + "QUJD" * 8)

    ran = headrace("check", EXAMPLES / name)

    assert (ran.exit_code, ran.err) == (0, "")
    assert ran.out.startswith("no mistakes: 1 broker, ")


def test_mistakes_go_to_stdout_one_a_line(headrace: Headrace, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("kind: Broker\n---\nkind: Trigger\n")

    ran = headrace("check", file)

    assert ran.exit_code == 1
    assert ran.out.splitlines() == [
        f"{file}:1:1: apiVersion: is missing; write eventing.knative.dev/v1",
        f"{file}:3:1: apiVersion: is missing; write eventing.knative.dev/v1",
    ]
    assert ran.err == "headrace: the configuration has 2 mistakes\n"


def test_warnings_go_to_stderr_and_do_not_refuse(headrace: Headrace, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("# nothing\n")

    ran = headrace("check", file)

    assert (ran.exit_code, ran.out) == (0, "no mistakes: 0 brokers, 0 triggers, 0 sinks\n")
    assert ran.err == f"warning: {file}: declares no Broker; add one to accept events\n"


def test_a_missing_variable_is_a_mistake_unless_references_are_left(
    headrace: Headrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ORDERS_SECRET", raising=False)

    refused = headrace("check", EXAMPLES / "webhooks.yaml")
    left = headrace("check", "--no-resolve", EXAMPLES / "webhooks.yaml")

    assert (refused.exit_code, left.exit_code) == (1, 0)
    assert "environment variable ORDERS_SECRET, which is not set" in refused.out


def test_a_file_that_is_not_there_is_a_mistake(headrace: Headrace, tmp_path: Path) -> None:
    ran = headrace("check", tmp_path / "none.yaml")

    assert ran.exit_code == 1
    assert "cannot be read (No such file or directory)" in ran.out


def test_without_a_file_the_usage_is_wrong(headrace: Headrace) -> None:
    assert headrace("check").exit_code == 2
