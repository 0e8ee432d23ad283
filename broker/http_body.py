"""A chunked body, read exactly to its end: no trailers, bounded framing, no inflating."""

import httptools

_TERMINATOR = b"\r\n\r\n"
# llhttp reads a chunked body only behind a head; ours was judged elsewhere (it may have
# held an Upgrade, after which llhttp would read no body), so it gets this one.
_HEAD = b"POST / HTTP/1.1\r\nhost: -\r\ntransfer-encoding: chunked\r\n\r\n"

FRAMING_RATIO_MAX = 16  # bytes sent per byte of body: one-byte chunks are 6
FRAMING_BYTES_MAX = 16 * 1024  # beside that: sizes, extensions


class BrokenChunks(Exception):
    """The framing is wrong; the connection must be closed."""


class ChunkedBody:
    """Takes raw bytes until `complete`; `body` grows as they come.

    The caller bounds `body` after each `feed`.
    """

    __slots__ = ("_parser", "_raw_bytes", "_trailer", "body", "complete")

    def __init__(self) -> None:
        self.body = bytearray()
        self.complete = False
        self._trailer = False
        self._raw_bytes = 0
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(_HEAD)
        self._trailer = False

    def on_header(self, name: bytes, value: bytes) -> None:
        # Of the head it is called too; __init__ forgets that. Later it can only be a trailer.
        self._trailer = True

    def on_body(self, fragment: bytes) -> None:
        self.body += fragment

    def on_message_complete(self) -> None:
        self.complete = True

    def feed(self, data: bytes, start: int) -> int:
        """Take `data` from `start` on; gives where the body ends in it, or its length.

        Raises BrokenChunks. What follows a complete body is the next request and is left.
        """
        at = start
        for end in self._cuts(data, start):
            try:
                self._parser.feed_data(data[at:end])
            except httptools.HttpParserError as error:
                raise BrokenChunks(str(error)) from None
            at = end
            if self._trailer:
                raise BrokenChunks("trailers are not taken")
            if self.complete:
                break
        self._raw_bytes += at - start
        if self._raw_bytes > FRAMING_BYTES_MAX + FRAMING_RATIO_MAX * len(self.body):
            raise BrokenChunks("there is more framing than body")
        return at

    def _cuts(self, data: bytes, start: int) -> list[int]:
        """Where to stop and look: a body ends only behind an empty line.

        That line may have begun in the read before, so the first three bytes go singly.
        """
        cuts = list(range(start + 1, min(start + 4, len(data))))
        found = data.find(_TERMINATOR, start)
        while found >= 0:
            if found + 4 > start + 3:
                cuts.append(found + 4)
            found = data.find(_TERMINATOR, found + 4)
        if not cuts or cuts[-1] != len(data):
            cuts.append(len(data))
        return cuts
