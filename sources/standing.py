"""How a source stands: it says so itself, and listings, metrics and the log read it."""

from collections.abc import Callable

Notice = Callable[[str], None]


class Standing:
    """Written by a running source, read by whoever looks. Plain fields, no clock.

    `position` is for people: how far it is, such as `orders: 0=1204 1=998`. `lag` counts what
    is known to wait at the origin and is not stored yet; None where the origin does not tell.
    """

    __slots__ = ("_on_connect", "_on_notice", "detail", "is_connected", "lag", "position")

    def __init__(self, on_connect: Callable[[], None], on_notice: Notice) -> None:
        self.is_connected = False
        self.detail = ""
        self.lag: int | None = None
        self.position = ""
        self._on_connect = on_connect
        self._on_notice = on_notice

    def connect(self, detail: str = "") -> None:
        """The origin answers: what was wrong is over, and waits before retries start anew."""
        self.is_connected = True
        self.detail = detail
        self._on_connect()

    def disconnect(self) -> None:
        """The connection is lost; the source raises, or connects again by itself."""
        self.is_connected = False

    def notice(self, what: str) -> None:
        """Tell the operator once, in the log: nothing has failed, but it should be known."""
        self._on_notice(what)
