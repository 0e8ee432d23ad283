"""What `make` promises on a fresh machine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

PROMISED = {"help", "run", "test", "check", "faults", "bench", "serve", "servers", "install"}
PROMISED |= {"lock", "clean", "planted"}


def test_help_lists_every_target(root: Path) -> None:
    makefile = (root / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None

    told = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=root, capture_output=True, text=True
    )

    listed = set(re.findall(r"^  make (\w+) ", told.stdout, re.MULTILINE))
    assert set(phony[1].split()) == listed == PROMISED, "remedy: give each target a `## …` line"


@pytest.mark.parametrize(
    "script",
    [
        ".ci/run",
        "requirements/environment.sh",
        "tests/servers/install.sh",
        "tests/servers/recipes/kafka/install.sh",
        "tests/servers/recipes/environments.sh",
        "tests/servers/recipes/lock.sh",
        "tests/servers/recipes/kserve/install.sh",
        "tests/servers/recipes/kubernetes/install.sh",
        "tests/servers/recipes/litellm/install.sh",
        "tests/servers/recipes/llama/install.sh",
        "tests/servers/recipes/minio/install.sh",
        "tests/servers/recipes/mlserver/install.sh",
        "tests/servers/recipes/triton/install.sh",
    ],
)
def test_a_script_is_written_in_valid_bash(root: Path, script: str) -> None:
    told = subprocess.run(["bash", "-n", root / script], capture_output=True, text=True)

    assert told.returncode == 0, told.stderr


def test_a_machine_without_python_is_told_what_to_install(root: Path, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None

    told = subprocess.run(
        [bash, root / "requirements" / "environment.sh", tmp_path / "venv"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert told.returncode == 1
    assert "remedy: install python3 and python3-venv" in told.stderr


def test_the_wheel_brings_dashboard_alerts_and_catalogue(root: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=root,
        check=True,
        capture_output=True,
    )

    (wheel,) = tmp_path.glob("*.whl")

    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = {"grafana/headrace.json", "prometheus/alerts.yaml", "prometheus/catalogue.md"}
    shipped |= {"console/templates/layout.html", "console/static/console.css"}
    shipped |= {"console/static/htmx-4.0.1.min.js", "console/static/htmx-4.0.1.LICENSE"}
    assert {f"deploy/{name}" for name in shipped} <= names
