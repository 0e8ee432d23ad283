"""What `headrace up` does not do before it listens, because publishers are waiting."""

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from deploy.logs import LogWriter

HEAVY = ("fastapi", "numpy", "prometheus_client", "pydantic", "rich", "structlog", "uvicorn")
PROGRAM = """
import sys
import deploy.cli.up, deploy.serve
from pathlib import Path
from deploy.config.read import read_configuration
read_configuration([Path(sys.argv[1])], {})
import sinks.http
print(*sorted(sys.modules))
"""


def imported(folder: Path, text: str) -> set[str]:
    """All that is imported to read a configuration and run it, until the ingress listens."""
    file = folder / "a.yaml"
    file.write_text(text)
    command = [sys.executable, "-c", PROGRAM, str(file)]
    root = Path(__file__).parents[2]
    return set(subprocess.check_output(command, cwd=root, text=True, timeout=60).split())


def test_nothing_heavy_is_imported_before_the_ingress_listens(tmp_path: Path, yaml: Any) -> None:
    text = yaml.broker + yaml.trigger(
        "filters: [{exact: {type: a}}]\nsubscriber: {uri: 'http://h'}"
    )

    found = imported(tmp_path, text)

    assert found.isdisjoint(HEAVY)


def test_a_kind_is_imported_only_where_it_is_used(tmp_path: Path, yaml: Any) -> None:
    text = yaml.broker + yaml.trigger("subscriber: {uri: 'http://h'}")

    found = imported(tmp_path, text)

    assert found.isdisjoint({"triggers.filters.cesql", "sinks.inference", "sinks.file"})


def test_the_admin_listener_costs_no_memory_for_what_nobody_uses() -> None:
    program = "import sys, deploy.admin.app; print(*sorted(sys.modules))"

    found = subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60).split()

    unused = {"triggers.file_jobs.verbs", "sinks.file_batch", "numpy", "obstore"}
    assert unused.isdisjoint(found)


def test_records_wait_until_there_is_time_to_draw_them() -> None:
    stream = StringIO()
    logs = LogWriter("json", stream)
    logs("partition.loaded", "info", {"broker": "default/default"})
    before = stream.getvalue()

    logs.begin()
    logs.close(30.0)

    assert before == ""
    assert stream.getvalue().count("\n") == 1
