"""The demo's journey: start, publish, watch, check, tell what to type next."""

import asyncio
import os
import signal
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson
from rich.console import Console

from broker.clock import SteadyClock
from broker.errors import HeadraceError
from broker.http_server import HttpServer
from deploy.addresses import Address
from deploy.config.read import read_configuration
from deploy.demo.files import GOOD, SPOILED, FileTally, file_faults, put_files, tallies
from deploy.demo.irises import Iris, Tally, faults, measured, read_irises
from deploy.demo.publishing import publish_all
from deploy.demo.subscriber import Subscriber
from deploy.process import Options, Process

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
PATIENCE_SECONDS = 60.0
OF_FILES = "default/predict-files"


class Journey:
    """One run; `folder` gets a fresh folder for each."""

    def __init__(self, folder: Path, ingress: Address, admin: Address) -> None:
        started = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        self._folder = (folder / f"{started}-{os.getpid()}").absolute()
        self._ingress = ingress
        self._admin = admin
        self._console = Console(highlight=False)
        self._irises = read_irises(EXAMPLES / "iris.csv")
        self._subscriber = Subscriber()

    @property
    def predictions(self) -> Path:
        return self._folder / "predictions.ndjson"

    @property
    def flowers(self) -> Path:
        """The watched folder."""
        return self._folder / "flowers"

    async def run(self, once: bool) -> int:
        """The whole journey; gives the exit code."""
        self.flowers.mkdir(parents=True)
        server = HttpServer({"/": self._subscriber}, SteadyClock())
        host, port = await server.start("127.0.0.1", 0)
        process = self._process(f"http://{host}:{port}/")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, process.stopping.set)
        try:
            await process.start()
            self._say_started(process)
            problems = await self._travel(process)
            if not once and process.failure is None:
                self._say_next(process)
                await process.stopping.wait()
        except (HeadraceError, OSError) as error:
            problems = [str(error)]
        finally:
            await process.stop()
            server.close()
        for problem in problems:
            self._console.print(f"[red]not as it must be:[/] {problem}")
        return 1 if problems or process.failure else 0

    def _process(self, subscriber: str) -> Process:
        environment = {
            "DEMO_SUBSCRIBER": subscriber,
            "DEMO_MODEL": (EXAMPLES / "iris.onnx").as_uri(),
            "DEMO_PREDICTIONS": str(self.predictions),
            "DEMO_FOLDER": str(self.flowers),
        }
        configuration = read_configuration([HERE / "demo.yaml"], environment)
        log = (self._folder / "headrace.log").open("w", encoding="utf-8")
        options = Options(self._folder / "data", self._ingress, self._admin, "json", log_stream=log)
        return Process(configuration, options)

    async def _travel(self, process: Process) -> list[str]:
        """Put files into the folder, publish all flowers, and check what came of both."""
        await asyncio.to_thread(put_files, EXAMPLES / "iris.csv", self.flowers)
        files = await tallies(self.flowers, self._irises)
        self._say_files(files)
        events = [measured(iris) for iris in self._irises]
        accepted = await publish_all(process.ingress, "/default/default", events, self._console)
        await self._watch(process, accepted)
        tally = await self._tally(process, accepted)
        self._say(tally)
        return file_faults(files, self._irises) + faults(tally, self._irises)

    async def _watch(self, process: Process, accepted: int) -> None:
        """Show progress until every trigger has settled all it matched."""
        from rich.progress import Progress

        deadline = process.clock.monotonic() + PATIENCE_SECONDS
        with Progress(console=self._console, transient=True) as progress:
            bars = {
                name: progress.add_task(f"trigger {name}", total=accepted)
                for name in process.running.lanes()
                if name != OF_FILES
            }
            while process.clock.monotonic() < deadline and not process.stopping.is_set():
                settled = 0
                for name, bar in bars.items():
                    totals = process.running.lanes()[name][1].totals
                    progress.update(bar, completed=totals.delivered + totals.dead)
                    settled += totals.delivered + totals.dead
                if settled >= accepted * len(bars):
                    return
                await asyncio.sleep(0.05)

    async def _tally(self, process: Process, accepted: int) -> Tally:
        species = {iris.id: iris for iris in self._irises}
        lines = await asyncio.to_thread(_read_lines, self.predictions)
        correct = sum(_is_correct(line, species) for line in lines)
        broker = process.running.brokers["default/default"]
        reasons: dict[str, int] = {}
        for letter in (await broker.engine.desk.page((), None, 1000)).items:
            reasons[letter.reason] = reasons.get(letter.reason, 0) + 1
        return Tally(
            published=len(self._irises),
            accepted=accepted,
            predictions=len(lines),
            correct=correct,
            delivered=self._subscriber.taken,
            refused=reasons.get("refused", 0),
            exhausted=reasons.get("attempts", 0),
        )

    def _say_started(self, process: Process) -> None:
        say = self._console.print
        say(f"[bold]headrace demo[/]  data in {self._folder}")
        say(f"ingress  http://{process.ingress}/default/default   admin  http://{process.admin}")

    def _say_files(self, files: Sequence[FileTally]) -> None:
        say = self._console.print
        say(f"\n{GOOD} and {SPOILED} were put into {self.flowers}", soft_wrap=True)
        for one in files:
            right = f"{one.right} of them right" if one.predicted else "none"
            say(
                f"[green]predicted[/]     {one.predicted} of {one.rows} rows of {one.name}, {right}"
            )
        failed = sum(one.failed for one in files)
        say(f"[yellow]errors[/]        {failed} rows, with why, in {SPOILED}.errors.jsonl")
        say("manifest      last, beside the predictions: all of it is whole\n")

    def _say(self, tally: Tally) -> None:
        say = self._console.print
        say(f"[green]accepted[/]      {tally.accepted} of {tally.published} measurements, on disk")
        say(
            f"[green]classified[/]    {tally.predictions} predictions, {tally.correct} of them "
            f"right: accuracy {tally.accuracy:.1%}"
        )
        say(f"[green]delivered[/]     {tally.delivered} orders to the subscriber")
        say(
            f"[yellow]dead letters[/]  {tally.refused} refused (422), "
            f"{tally.exhausted} whose attempts were used up (500)"
        )
        say(f"predictions   {self.predictions}", soft_wrap=True)
        say(f"log           {self._folder / 'headrace.log'}", soft_wrap=True)

    def _say_next(self, process: Process) -> None:
        say = self._console.print
        admin = "" if process.admin.port == 8081 else f" --admin http://{process.admin}"
        url = f"http://{process.ingress}/default/default"
        say("\nIt goes on running. In another terminal, try:")
        say(f"  headrace files{admin}")
        say(f"  cp more.csv {self.flowers}/", soft_wrap=True)
        say(f"  headrace triggers{admin}")
        say(f"  headrace dead-letters{admin}")
        say(f"  headrace events{admin}")
        say(
            f"  headrace send --to {url} --type com.example.flower.measured --subject setosa "
            "--field sepal_length=5.1 --field sepal_width=3.5 --field petal_length=1.4 "
            "--field petal_width=0.2",
            soft_wrap=True,
        )
        say("Ctrl-C ends it.")


def _read_lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def _is_correct(line: bytes, irises: dict[str, Iris]) -> bool:
    event = orjson.loads(line)
    predicted = event["data"]["prediction"]["species"]
    return predicted in (irises[event["causeid"]].species, [irises[event["causeid"]].species])
