"""`headrace up`: run one process until a signal ends it."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from typing import Any

from broker.errors import HeadraceError
from deploy.config.broker_spec import Configuration
from deploy.process import Options, Process


def serve(configuration: Configuration, options: Options) -> int:
    """Run until SIGTERM or SIGINT; gives the exit code."""
    return run_loop(_serve(configuration, options))


SWITCH_SECONDS = 0.0005


def run_loop(main: Coroutine[Any, Any, int]) -> int:
    """On uvloop where there is one: it halves the price of a delivery."""
    # The writers' threads ask for the interpreter between two steps of a commit; from a loop
    # that is always busy they would get it only every 5 ms, and commits would starve.
    sys.setswitchinterval(SWITCH_SECONDS)
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if find_spec("uvloop") is not None:
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


async def _serve(configuration: Configuration, options: Options) -> int:
    process = Process(configuration, options)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stopping.set)
    # Unhandled it would end the process, and whoever sends it wants anything but that.
    loop.add_signal_handler(signal.SIGHUP, process.reload)
    try:
        await start(process)
    except (HeadraceError, OSError) as error:
        print(f"headrace: {error}", file=sys.stderr)
        await process.stop()
        return 1
    if not process.stopping.is_set():
        print(describe(process, configuration), flush=True)
    await process.stopping.wait()
    await process.stop()
    return 0 if process.failure is None else 1


async def start(process: Process) -> None:
    """Start, unless a signal or a store that fails ends it before. Raises as `Process.start`."""
    # A start waits until its triggers are written down: on a store that has just failed, or
    # a disk that is full, for ever.
    starting = asyncio.ensure_future(process.start())
    stopping = asyncio.ensure_future(process.stopping.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        starting.result()
    starting.cancel()
    await asyncio.gather(starting, stopping, return_exceptions=True)


def describe(process: Process, configuration: Configuration) -> str:
    """One line per thing started, and the URLs."""
    url = f"http://{process.ingress}"
    shown = {name for name, broker in configuration.brokers.items() if not broker.is_hidden}
    lines = [
        f"broker   {name}  POST {url}/{name}" for name in configuration.brokers if name in shown
    ]
    lines += [
        f"source   {source.name}  {source.kind}"
        f"{f'  to {source.broker}' if source.broker in shown else ''}"
        for source in configuration.sources.values()
    ]
    lines += [
        f"trigger  {trigger.name}  of {trigger.broker}{'  (paused)' if trigger.paused else ''}"
        for trigger in configuration.triggers.values()
        if trigger.broker in shown
    ]
    lines += [f"sink     {name}" for name in configuration.sinks]
    lines += [f"ingress  {url}", f"admin    http://{process.admin}"]
    lines += [f"console  http://{process.admin}/"]
    return "\n".join(lines)
