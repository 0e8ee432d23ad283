"""The fixtures of real model servers, by the rules of tests/servers/plugin.py.

`kserve`, `mlserver`, `triton`, `litellm` and `llama` are for tests; `kserve_server` and its like
are for fixtures that live longer. Each starts when a test first asks for it, for all five
together take 1.3 GB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.servers.plugin import find_or_tell

if TYPE_CHECKING:
    from tests.servers.kserve import KServe
    from tests.servers.litellm import LiteLLM
    from tests.servers.llama import Llama
    from tests.servers.mlserver import MLServer
    from tests.servers.triton import Triton


@pytest.fixture(scope="session")
def kserve_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KServe]:
    from tests.servers.kserve import find_kserve

    with find_or_tell(find_kserve, tmp_path_factory.mktemp("kserve")) as server:
        yield server


@pytest.fixture
def kserve(kserve_server: KServe) -> KServe:
    """A KServe model server, running; its `sleeping` sleeps."""
    kserve_server.mend()
    return kserve_server


@pytest.fixture(scope="session")
def mlserver_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLServer]:
    from tests.servers.mlserver import find_mlserver

    with find_or_tell(find_mlserver, tmp_path_factory.mktemp("mlserver")) as server:
        yield server


@pytest.fixture
def mlserver(mlserver_server: MLServer) -> MLServer:
    """An MLServer, running; its `sleeping` sleeps."""
    mlserver_server.mend()
    return mlserver_server


@pytest.fixture(scope="session")
def triton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    from tests.servers.triton import find_triton

    with find_or_tell(find_triton, tmp_path_factory.mktemp("triton")) as server:
        yield server


@pytest.fixture
def triton(triton_server: Triton) -> Triton:
    """A Triton, running; its `sleeping` may be awake from a test before."""
    triton_server.mend()
    return triton_server


@pytest.fixture(scope="session")
def litellm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteLLM]:
    from tests.servers.litellm import find_litellm

    with find_or_tell(find_litellm, tmp_path_factory.mktemp("litellm")) as server:
        yield server


@pytest.fixture
def litellm(litellm_server: LiteLLM) -> LiteLLM:
    """A LiteLLM proxy, running."""
    litellm_server.mend()
    return litellm_server


@pytest.fixture(scope="session")
def llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    from tests.servers.llama import find_llama

    with find_or_tell(find_llama, tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture
def llama(llama_server: Llama) -> Llama:
    """A llama.cpp server, running."""
    llama_server.mend()
    return llama_server
