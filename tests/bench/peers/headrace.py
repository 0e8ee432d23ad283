"""Adapter: headrace beside other brokers, for a driver that starts one fresh for each run.

The driver calls start(n_triggers, matching, subscriber, **options) -> (url, pid), then stop().
"""

import importlib
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
VERSION = "headrace, one process, SQLite synchronous=FULL: on disk before the 202"

# What a driver may ask for, and the field of a trigger's delivery that says it.
DELIVERY = {"retry": "retry", "backoff": "backoffDelay", "timeout": "timeout"}
KNOWN = {*DELIVERY, "event_type", "filter_kind", "dead_letter"}

_running = []  # the one broker that start() made, and its folder


def start(n_triggers, matching, subscriber, **options):
    """headrace with an empty store, on the cores of the caller; ready to take events."""
    if unknown := {name for name, value in options.items() if value is not None} - KNOWN:
        raise ValueError(f"headrace has no option {sorted(unknown)}; it knows {sorted(KNOWN)}")
    configuration, program = _parts()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-"))
    triggers = configuration.plan_triggers(
        n_triggers,
        matching,
        subscriber,
        options.get("filter_kind") or "exact",
        _delivery(options),
        options["event_type"],
    )
    broker = program.headrace(folder, triggers, python=_python())
    _running.append((broker, folder))
    broker.start()
    return broker.url, broker.pid


def stop():
    broker, folder = _running.pop()
    broker.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _delivery(options):
    delivery = {
        field: int(options[name]) if name == "retry" else options[name]
        for name, field in DELIVERY.items()
        if options.get(name) is not None
    }
    if options.get("dead_letter"):
        delivery["deadLetterSink"] = {"uri": options["dead_letter"]}
    return delivery


def _parts():
    """The bench's own modules; the driver that loads this file does not know where they are."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    names = ("tests.bench.configuration", "tests.bench.program")
    return tuple(importlib.import_module(name) for name in names)


def _python():
    own = ROOT / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable
