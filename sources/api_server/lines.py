"""Bytes of a stream to its lines, none longer than a bound. Pure."""

from broker.errors import TooLarge


class Lines:
    """`feed` it what came; a line that grows beyond `bytes_max` raises TooLarge."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._parts: list[bytes] = []
        self._size_bytes = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends; empty ones are left out."""
        *ended, rest = chunk.split(b"\n")
        lines = []
        for part in ended:
            self._keep(part)
            lines.append(b"".join(self._parts))
            self._parts.clear()
            self._size_bytes = 0
        self._keep(rest)
        return [line for line in lines if line.strip()]

    def _keep(self, part: bytes) -> None:
        self._size_bytes += len(part)
        if self._size_bytes > self._bytes_max:
            raise TooLarge(
                f"a line of more than {self._bytes_max} bytes", remedy="make the object smaller"
            )
        if part:
            self._parts.append(part)
