"""A night with a broken model: `python deploy/examples/broken_morning.py --help`.

Serves the model that broken-morning.yaml calls, which takes headrace[s3], and publishes a night's
orders to a running headrace, until all that the model fails at are dead letters. Then it is
somebody's morning.
"""

import asyncio
import http.client
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from broker.errors import HeadraceError, Invalid, Unavailable
from broker.event import Event
from broker.registry import load
from deploy.cli.client import Admin, admin_at
from deploy.cli.options import AdminOption, TokenOption
from deploy.cli.progress import Progress
from deploy.cli.publisher import Publisher
from deploy.examples.broken_model import night

if TYPE_CHECKING:
    from deploy.examples.broken_server import Model

HOST = "127.0.0.1"
PORT = 9100
SERVED = {"the broken model": "deploy.examples.broken_server:serve"}
BROKER = "http://127.0.0.1:8080/default/default"
TRIGGER = "/triggers/default/score"
BATCH_EVENTS = 500
LOOK_SECONDS = 0.5
STILL_SECONDS_MAX = 60.0  # without one more dead letter: something else is wrong
MEND_SECONDS_MAX = 10.0
HOURS_MAX = 24.0


@dataclass(frozen=True, slots=True)
class Night:
    """`url` is the broker's, `port` the model's; `events` are to die."""

    url: str
    admin: Admin
    port: int
    events: int
    seed: int
    hours: float

    async def live(self) -> None:
        """Serve the model and make the dead letters; gives back when somebody ends it."""
        serve = load(SERVED, "the broken model", extra="s3")
        model, runner = await serve(HOST, self.port)
        night = asyncio.create_task(self._pass(model))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, night.cancel)
        ending = loop.call_later(self.hours * 3600, night.cancel)
        try:
            with suppress(asyncio.CancelledError):
                await night
        finally:
            ending.cancel()
            await runner.cleanup()

    async def _pass(self, model: "Model") -> None:
        before = await self._dead()
        await publish(self.url, night(self.events, self.seed))
        await self._watch(before)
        self._tell()
        await model.mended.wait()
        print("The model is mended.", flush=True)
        await asyncio.Event().wait()

    async def _watch(self, before: int) -> None:
        """Give back when all are dead. Raises Unavailable where they never are."""
        loop = asyncio.get_running_loop()
        dead, changed_at = 0, loop.time()
        with Progress(self.events, "dying") as progress:
            while dead < self.events:
                await asyncio.sleep(LOOK_SECONDS)
                more = await self._dead() - before - dead
                progress.advance(more)
                dead += more
                if more:
                    changed_at = loop.time()
                elif loop.time() - changed_at > STILL_SECONDS_MAX:
                    raise self._stuck(dead)

    async def _dead(self) -> int:
        return int((await asyncio.to_thread(self.admin.get, TRIGGER))["dead"])

    def _stuck(self, dead: int) -> Unavailable:
        return Unavailable(
            f"{dead} of {self.events} orders are dead, and no more since {STILL_SECONDS_MAX:g} s",
            where=f"{self.admin.url}{TRIGGER}",
            remedy="see that broken-morning.yaml runs there, and names the port of the model",
        )

    def _tell(self) -> None:
        own = f" --port {self.port}" if self.port != PORT else ""
        print(f"{self.events:,} orders are dead letters, and somebody waits for their scores.\n")
        print(f"  1. open {self.admin.url}/ and find out what is wrong: it is five things")
        print(f"  2. mend the model, in another terminal: python {sys.argv[0]} --mend{own}")
        print("  3. redrive them in the console; what fails again is wrong itself\n")
        print("The model is served until Ctrl-C.", flush=True)


async def publish(url: str, events: Iterator[Event]) -> None:
    """Send all in batches, in order. Raises Invalid where they were sent before."""
    with closing(Publisher(url)) as publisher, Progress(None, "publishing") as progress:
        while batch := list(islice(events, BATCH_EVENTS)):
            accepted = await asyncio.to_thread(publisher.publish, batch, True)
            if accepted.duplicate:
                raise Invalid(
                    "this night was published a moment ago, so the broker takes none of it",
                    remedy="give it another --seed",
                )
            progress.advance(len(batch))


def mend(port: int) -> None:
    """Tell the model at `port`. Raises Unavailable."""
    connection = http.client.HTTPConnection(HOST, port, timeout=MEND_SECONDS_MAX)
    try:
        connection.request("POST", "/mend")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(
            f"no model answers on port {port}: {error}",
            remedy="start it first, without --mend; or name its port by --port",
        ) from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise Invalid(f"what is on port {port} answers {status}", remedy="name the model's: --port")


def main(
    to: Annotated[str, typer.Option(metavar="URL", help="The broker's ingress.")] = BROKER,
    admin: AdminOption = None,
    token: TokenOption = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where the model listens.")] = PORT,
    events: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many orders will die.")
    ] = 40_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same night.")] = 1,
    hours: Annotated[
        float, typer.Option(min=0.01, max=HOURS_MAX, help="Then it ends by itself.")
    ] = 8.0,
    mended: Annotated[
        bool, typer.Option("--mend", help="Mend the model that another terminal serves, and end.")
    ] = False,
) -> None:
    """Serve a broken model, and make dead letters of a night's orders.

    It goes with broken-morning.yaml: `headrace up broken-morning.yaml` comes first.
    """
    try:
        if mended:
            mend(port)
            print("The model is mended: redrive now.")
        else:
            asyncio.run(Night(to, admin_at(admin, token), port, events, seed, hours).live())
    except HeadraceError as error:
        print(f"broken_morning: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
