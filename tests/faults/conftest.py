"""Sinks misbehave on both event loops."""

from collections.abc import Mapping

import pytest

from tests.sinks.loops import LoopFactory, loops_for


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    return loops_for(item, ("test_rude_sinks.py",))
