"""One POST on its way: what is sent, until when, and what came of it."""

from collections.abc import Callable, Sequence

Headers = Sequence[tuple[bytes, bytes]]
BodyLimit = Callable[[int, Headers], int]


class Answer:
    """What came back. `body` is at most what the caller keeps; `cut`: there was more."""

    __slots__ = ("body", "cut", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes, cut: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.cut = cut


class NoAnswer:
    """Nothing usable came back; `phase` is dns, connect, tls, write, read or timeout.

    `message` is for people and names no address. Whether the sink has handled the event is
    unknown from the phase write on.
    """

    __slots__ = ("message", "phase")

    def __init__(self, phase: str, message: str) -> None:
        self.phase = phase
        self.message = message


class Usual:
    """The last short answer of an origin, byte for byte, and what it was parsed to.

    Sinks mostly say the same: the same bytes at the start of an answer are the same answer,
    and need no parser. A date in them costs one parsing a second.
    """

    __slots__ = ("answer", "data")

    def __init__(self) -> None:
        self.data = b""
        self.answer: Answer | None = None


class Call:
    """One request. `head` ends with the blank line; `deadline` is monotonic seconds.

    `body_limit(status, headers)` is asked once, when the first body bytes come, how many
    of them to keep. `done(result)` is called once, on the loop, and does not raise.
    """

    __slots__ = ("body", "body_limit", "deadline", "done", "head", "is_finished", "resent")

    def __init__(
        self,
        head: bytes,
        body: bytes | None,
        deadline: float,
        body_limit: BodyLimit,
        done: Callable[[Answer | NoAnswer], None],
    ) -> None:
        self.head = head
        self.body = body
        self.deadline = deadline
        self.body_limit = body_limit
        self.done = done
        self.is_finished = False
        self.resent = False

    def heard(self) -> None:
        """Bytes of an answer came; one who waits by more than one deadline moves it here."""

    def finish(self, result: Answer | NoAnswer) -> None:
        """The first result counts."""
        if not self.is_finished:
            self.is_finished = True
            self.done(result)
