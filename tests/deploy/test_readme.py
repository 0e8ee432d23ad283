"""README's code, run as it stands against a real process."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRITTEN = {"127.0.0.1:8080": "ingress", "127.0.0.1:8081": "admin"}
STOP_SECONDS = 30.0


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """A headrace of its own, on ports that it takes free; gives them by what README names."""
    data = tmp_path_factory.mktemp("data")
    command = [sys.executable, "-m", "deploy", "up", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
        cwd=data,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    ports: dict[str, int] = {}
    while set(ports) != set(WRITTEN.values()):
        line = process.stdout.readline()
        assert line, "headrace up has ended before it said where it listens"
        if found := re.fullmatch(r"(ingress|admin) +http://127\.0\.0\.1:(\d+)\n", line):
            ports[found.group(1)] = int(found.group(2))
    yield ports
    process.terminate()
    assert process.wait(STOP_SECONDS) == 0
    process.stdout.close()


def with_ports(code: str, ports: dict[str, int]) -> str:
    for written, name in WRITTEN.items():
        code = code.replace(written, f"127.0.0.1:{ports[name]}")
    return code


def test_the_sdk_example_publishes(ports: dict[str, int]) -> None:
    (code,) = blocks("python")

    ran = subprocess.run([sys.executable, "-c", with_ports(code, ports)], capture_output=True)

    assert ran.returncode == 0, ran.stderr.decode()


def test_the_curl_example_publishes(ports: dict[str, int]) -> None:
    (code,) = [block for block in blocks("sh") if block.startswith("curl")]

    ran = subprocess.run(["sh", "-c", with_ports(code, ports)], capture_output=True)

    assert b"202 Accepted" in ran.stdout


def test_the_cesql_example_is_true() -> None:
    (code,) = [block for block in blocks("sh") if "headrace cesql" in block]
    headrace = f"{sys.executable} -m deploy"

    ran = subprocess.run(
        ["sh", "-c", code.replace("headrace", headrace)], capture_output=True, cwd=ROOT
    )

    assert b'"value":true' in ran.stdout.replace(b" ", b"")


def test_the_yaml_examples_are_without_mistakes(tmp_path: Path) -> None:
    broker = "apiVersion: eventing.knative.dev/v1\nkind: Broker\nmetadata: {name: default}\n"
    path = tmp_path / "readme.yaml"
    text = "---\n".join([broker, *blocks("yaml")])
    path.write_text(text)
    named = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", text), "a-value")

    ran = subprocess.run(
        [sys.executable, "-m", "deploy", "check", str(path)],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **named},
    )

    assert ran.returncode == 0, ran.stdout.decode()
