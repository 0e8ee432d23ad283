"""A stream of bytes to lines, bounded. Pure."""

from broker.errors import Unavailable

LINE_BYTES_MAX = 1024 * 1024


class Lines:
    """Keeps the beginning of a line that is not whole yet.

    A line over the bound ends the stream: nothing that a bucket tells is near it, and a
    listing finds what was in it.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` ends, without white space around them; none is empty."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest.lstrip()  # a server says by spaces that it is still there
        if any(len(line) > LINE_BYTES_MAX for line in (*whole, self._rest)):
            raise Unavailable(
                f"the stream of notifications has a line of over {LINE_BYTES_MAX:,} bytes",
                code="line-too-long",
                remedy="look at what stands between headrace and the server",
            )
        return [line for line in map(bytes.strip, whole) if line]
