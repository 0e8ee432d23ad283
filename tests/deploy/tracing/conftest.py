"""A collector for the tests of traces."""

from collections.abc import Iterator

import pytest

from tests.deploy.tracing.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one
