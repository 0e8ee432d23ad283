"""The same servers from their published images, where testcontainers finds a Docker engine.

A container runs in the network and on the folders of this machine, so that the command, the
ports and the files are those of a native server, and only the programs come from the image.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STOP_SECONDS = 10
ENGINE_SECONDS_MAX = 3


def why_no_engine() -> str | None:
    """Why no container can be started, in one line; None where one can."""
    try:
        docker = importlib.import_module("docker")
        importlib.import_module("testcontainers.core.container")
    except ImportError as error:
        return f"{error.name} is not installed"
    try:
        client = docker.from_env(timeout=ENGINE_SECONDS_MAX)
        try:
            client.ping()
        finally:
            client.close()
    except docker.errors.DockerException as error:
        return f"no Docker engine: {error}".splitlines()[0][:120]
    return None


class ContainerRunner:
    """A container of `image`; testcontainers removes it when this process has ended."""

    def __init__(self, image: str, folder: Path) -> None:
        self._image = image
        self._folder = folder
        self._container: Any = None

    def spawn(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._remove()
        kind = importlib.import_module("testcontainers.core.container").DockerContainer
        container = kind(
            self._image,
            entrypoint=command[0],
            command=list(command[1:]),
            network_mode="host",
            user=f"{os.getuid()}:{os.getgid()}",  # so that the folder stays ours
        )
        container.with_volume_mapping(str(self._folder), str(self._folder), "rw")
        for name, value in environment.items():
            container.with_env(name, value)
        self._container = container.start().get_wrapped_container()

    def kill(self) -> None:
        if self.is_running():
            self.thaw()
            self._container.kill("SIGKILL")
            self._container.wait()

    def terminate(self) -> None:
        if self.is_running():
            self.thaw()
            self._container.stop(timeout=STOP_SECONDS)

    def freeze(self) -> None:
        if self._status() == "running":
            self._container.pause()

    def thaw(self) -> None:
        if self._status() == "paused":
            self._container.unpause()

    def is_running(self) -> bool:
        return self._status() in ("running", "paused")

    def said(self) -> str:
        return str(self._container.logs().decode(errors="replace")) if self._container else ""

    def _status(self) -> str:
        if self._container is None:
            return "none"
        self._container.reload()
        return str(self._container.status)

    def _remove(self) -> None:
        if self._container is not None:
            self._container.remove(force=True)
            self._container = None
