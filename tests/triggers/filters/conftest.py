"""What the tests of filters share: an event made of a few attributes."""

from collections.abc import Callable

import pytest

from broker.event import Event

MakeEvent = Callable[..., Event]


@pytest.fixture(scope="session")
def make_event() -> MakeEvent:
    """Makes an event; what is not named is missing, but for the required attributes."""

    def make(**attributes: str) -> Event:
        required = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
        return Event({**required, **attributes}, None, b"")

    return make
