"""The demo's journey: start, publish, watch, check, tell what to type next."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import orjson

from broker.clock import SteadyClock
from broker.errors import HeadraceError
from broker.http_server import HttpServer
from broker.storage.rows import DeadLetter
from deploy.addresses import Address
from deploy.config.read import read_configuration
from deploy.demo.files import file_faults, put_files, tallies
from deploy.demo.home import FLOWERS, Bucket, in_bucket, in_folder
from deploy.demo.irises import Iris, Tally, faults, measured, read_irises
from deploy.demo.publishing import publish_all
from deploy.demo.subscriber import Subscriber
from deploy.demo.telling import BROKER, Telling
from deploy.process import Options, Process

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
LETTERS_MAX = 1_000  # there are 53
OF_FILES = "default/predict-files"


class Journey:
    """One run; `folder` gets a fresh folder for each, and `bucket` a fresh prefix.

    Without a bucket the files are in the folder too.
    """

    def __init__(
        self, folder: Path, ingress: Address, admin: Address, bucket: Bucket | None = None
    ) -> None:
        started = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        run = f"{started}-{os.getpid()}"
        self._folder = (folder / run).absolute()
        self._bucket = bucket
        self._home = in_bucket(bucket, run) if bucket else in_folder(self._folder / FLOWERS)
        self._ingress = ingress
        self._admin = admin
        self._telling = Telling(self._folder, self._home)
        self._irises = read_irises(EXAMPLES / "iris.csv")
        self._subscriber = Subscriber()

    @property
    def predictions(self) -> Path:
        return self._folder / "predictions.ndjson"

    async def run(self, once: bool) -> int:
        """The whole journey; gives the exit code."""
        self._folder.mkdir(parents=True)
        server = HttpServer({"/": self._subscriber}, SteadyClock())
        host, port = await server.start("127.0.0.1", 0)
        process = self._process(f"http://{host}:{port}/")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, process.stopping.set)
        try:
            await self._prepare()
            await process.start()
            self._telling.started(process.ingress, process.admin)
            problems = await self._travel(process)
            if not once and process.failure is None:
                self._telling.next_steps(process.ingress, process.admin)
                await process.stopping.wait()
        except (HeadraceError, OSError) as error:
            problems = [str(error)]
        finally:
            await process.stop()
            server.close()
        self._telling.problems(problems)
        return 1 if problems or process.failure else 0

    async def _prepare(self) -> None:
        """Have the place where files are put."""
        if self._bucket is None:
            (self._folder / FLOWERS).mkdir()
            return
        from deploy.demo.bucket import prepare

        if await prepare(self._bucket):
            self._telling.bucket_made(self._bucket.name)

    def _process(self, subscriber: str) -> Process:
        environment = {
            "DEMO_SUBSCRIBER": subscriber,
            "DEMO_MODEL": (EXAMPLES / "iris.onnx").as_uri(),
            "DEMO_PREDICTIONS": str(self.predictions),
            **self._home.environment,
        }
        files = [HERE / "demo.yaml", self._home.configuration]
        configuration = read_configuration(files, environment)
        log = (self._folder / "headrace.log").open("w", encoding="utf-8")
        options = Options(self._folder / "data", self._ingress, self._admin, "json", log_stream=log)
        return Process(configuration, options)

    async def _travel(self, process: Process) -> list[str]:
        """Put files where they are watched, publish all flowers, and check what came of both."""
        await asyncio.to_thread(put_files, EXAMPLES / "iris.csv", self._home)
        files = await tallies(self._home)
        self._telling.files(files)
        events, console = [measured(iris) for iris in self._irises], self._telling.console
        accepted = await publish_all(process.ingress, BROKER, events, console)
        await self._watch(process, accepted)
        tally = await self._tally(process, accepted)
        self._telling.events(tally, self.predictions)
        return file_faults(files, self._irises) + faults(tally, self._irises)

    async def _watch(self, process: Process, accepted: int) -> None:
        """Show progress until every trigger has settled all it matched."""
        deadline = process.clock.monotonic() + PATIENCE_SECONDS
        with self._telling.progress() as progress:
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
                await asyncio.sleep(POLL_SECONDS)

    async def _tally(self, process: Process, accepted: int) -> Tally:
        species = {iris.id: iris for iris in self._irises}
        lines = await asyncio.to_thread(_read_lines, self.predictions)
        correct = sum(_is_correct(line, species) for line in lines)
        reasons = Counter(letter.reason for letter in await self._letters(process))
        return Tally(
            published=len(self._irises),
            accepted=accepted,
            predictions=len(lines),
            correct=correct,
            delivered=self._subscriber.taken,
            refused=reasons["refused"],
            exhausted=reasons["attempts"],
        )

    async def _letters(self, process: Process) -> Sequence[DeadLetter]:
        """All dead letters, once those that are settled are on disk too: a checkpoint later."""
        desk = process.running.brokers["default/default"].engine.desk
        deadline = process.clock.monotonic() + PATIENCE_SECONDS
        while True:
            letters = (await desk.page((), None, LETTERS_MAX)).items
            settled = sum(lane.totals.dead for _, lane in process.running.lanes().values())
            is_late = process.clock.monotonic() > deadline or process.stopping.is_set()
            if len(letters) >= settled or is_late:
                return letters
            await asyncio.sleep(POLL_SECONDS)


def _read_lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def _is_correct(line: bytes, irises: dict[str, Iris]) -> bool:
    event = orjson.loads(line)
    predicted = event["data"]["prediction"]["species"]
    return predicted in (irises[event["causeid"]].species, [irises[event["causeid"]].species])
