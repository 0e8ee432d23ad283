"""README's code, run as it stands against a real process."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
WRITTEN = {"127.0.0.1:8080": "ingress", "127.0.0.1:8081": "admin"}
START_SECONDS = 30.0


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """A headrace of its own; gives the ports in place of those that README names."""
    ports = {"ingress": free_port(), "admin": free_port()}
    listen, admin = (f"127.0.0.1:{ports[name]}" for name in ("ingress", "admin"))
    data = tmp_path_factory.mktemp("data")
    command = [sys.executable, "-m", "deploy", "up", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--listen", listen, "--admin", admin], cwd=data, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(admin):
        assert process.poll() is None, "headrace up has ended"
        assert time.monotonic() < deadline, "headrace up is not ready in time"
        time.sleep(0.05)
    yield ports
    process.terminate()
    assert process.wait(START_SECONDS) == 0


def is_ready(admin: str) -> bool:
    try:
        with urlopen(f"http://{admin}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


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
    path.write_text("---\n".join([broker, *blocks("yaml")]))

    ran = subprocess.run(
        [sys.executable, "-m", "deploy", "check", str(path)], capture_output=True, cwd=ROOT
    )

    assert ran.returncode == 0, ran.stdout.decode()
