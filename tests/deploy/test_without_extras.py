"""headrace runs without any of its extras, until a configuration asks for what is in one."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_EXTRAS = (
    "aiohttp",
    "aiokafka",
    "numpy",
    "obstore",
    "onnxruntime",
    "opentelemetry.exporter",
    "opentelemetry.sdk",
    "PIL",
    "pyarrow",
)
PROGRAM = f"""
import sys
sys.modules.update(dict.fromkeys({OF_EXTRAS}))
import deploy.admin.app, deploy.cli.up, deploy.console, deploy.process, deploy.serve
"""


def test_nothing_that_always_runs_needs_an_extra() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert (ran.returncode, ran.stderr) == (0, "")
