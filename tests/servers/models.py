"""Real model servers as tests hold them: asked over plain HTTP, with models that behave badly."""

import http.client
import json
import os
import shutil
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.cache import Missing, cache_folder
from tests.servers.groups import GroupRunner
from tests.servers.ports import LOOPBACK, free_ports, is_listening
from tests.servers.server import Server
from tests.servers.waiting import until

RECIPES = Path(__file__).parent / "recipes"
CSV = Path(__file__).parents[2] / "deploy" / "examples" / "iris.csv"
PROBE_SECONDS_MAX = 2.0
ASK_SECONDS_MAX = 30.0
# Two cores are shared with the tests; a model this small needs no threads of its own.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class ModelServer(Server):
    """One server at `url`. Its recipe says what its models do.

    `model` is the one that is probed; where it is iris, setosa is 0, versicolor 1 and
    virginica 2. `sleeping` is ready from wake() on, until lull() or the next start.
    """

    version: ClassVar[str]
    model: ClassVar[str] = "iris"
    ports: ClassVar[int] = 1  # how many it listens at; the first speaks HTTP

    def __init__(self, folder: Path, installed: Path) -> None:
        self._group = GroupRunner(folder / f"{self.name}.log")
        super().__init__(self._group)
        self.folder = folder
        self.installed = installed
        self.recipe = RECIPES / self.name
        self._ports = free_ports(self.ports)
        self.awake = folder / "awake"
        self._scratch = folder / "scratch"

    @property
    def port(self) -> int:
        return self._ports[0]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def program(self, name: str = "python") -> str:
        """One of its own environment."""
        return str(self.installed / "environment" / "bin" / name)

    @property
    @abstractmethod
    def probe(self) -> str:
        """The path that says whether `model` serves."""

    def headers(self) -> Mapping[str, str]:
        """What each request to it must carry."""
        return {}

    def environment(self) -> Mapping[str, str]:
        return {**ONE_THREAD, "TMPDIR": str(self._scratch), "NO_PROXY": LOOPBACK}

    def start(self) -> None:
        self.lull()
        shutil.rmtree(self._scratch, ignore_errors=True)  # what a killed life has left
        self._scratch.mkdir(parents=True)
        super().start()

    def is_ready(self) -> bool:
        try:
            return self.ask(self.probe, seconds_max=PROBE_SECONDS_MAX).status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def kill(self) -> None:
        """As every server's; when it returns, none of its children listens either."""
        super().kill()
        self._await_closed()

    def stop(self) -> None:
        super().stop()
        self._await_closed()

    def _await_closed(self) -> None:
        until(lambda: not any(map(is_listening, self._ports)))

    def wake(self) -> None:
        """Let `sleeping` become ready; its probe tells when it is."""
        self.awake.touch()

    def lull(self) -> None:
        """Let `sleeping` sleep."""
        self.awake.unlink(missing_ok=True)

    def is_awake(self) -> bool:
        """Whether `sleeping` is ready."""
        return self.ask(self.probe.replace(self.model, "sleeping")).status == http.client.OK

    def mend(self) -> None:
        self.lull()
        super().mend()

    def ask(
        self,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        seconds_max: float = ASK_SECONDS_MAX,
    ) -> Answer:
        """POST `body`, bytes as they are and all else as JSON; without one, GET."""
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if sent is None else {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=seconds_max)
        try:
            method = "GET" if sent is None else "POST"
            connection.request(method, path, sent, {**kind, **self.headers(), **(headers or {})})
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read())
        finally:
            connection.close()


def installed(kind: type[ModelServer], environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that the server's recipe made; raises Missing."""
    folder = cache_folder(environ) / "models" / f"{kind.name}-{kind.version}"
    if not folder.is_dir():
        raise Missing(kind.name, f"no folder {folder}")
    return folder
