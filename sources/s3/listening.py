"""The stream of a bucket's notifications, which only MinIO and its like have.

Whatever happens while nobody listens is not sent again: after each connection a listing.
"""

from collections.abc import Callable

from broker.clock import Clock
from broker.errors import Invalid, Unavailable
from sources.s3.answers import NOT_IMPLEMENTED
from sources.s3.client import S3Client
from sources.s3.lines import Lines
from sources.s3.notifications import read_notification
from sources.s3.sighting import Sighting
from sources.s3.teller import Teller

SLOW_SECONDS = 1.0  # a server drops what a slow listener does not take


class Listening:
    """`on_gap` is called when notifications may have been missed."""

    def __init__(
        self, client: S3Client, teller: Teller, clock: Clock, on_gap: Callable[[], None]
    ) -> None:
        self._client = client
        self._teller = teller
        self._clock = clock
        self._on_gap = on_gap

    async def run(self, connected: Callable[[], None]) -> None:
        """Tell what the stream brings; `connected` is called once it is subscribed to.

        Gives back at once where the server has no stream, and raises Unavailable when it ends.
        Nothing is read while something is told: what waits, waits at the server.
        """
        try:
            async with self._client.listen() as chunks:
                connected()
                lines = Lines()
                async for chunk in chunks:
                    await self._tell(lines.feed(chunk))
        except Invalid as error:
            if error.code == NOT_IMPLEMENTED:
                return
            raise
        raise Unavailable("the stream of notifications ended", remedy="it is opened again")

    async def _tell(self, lines: list[bytes]) -> None:
        since = self._clock.monotonic()
        sightings = _read(lines)
        if sightings:
            await self._teller.tell(sightings)
        if self._clock.monotonic() - since > SLOW_SECONDS:
            self._on_gap()


def _read(lines: list[bytes]) -> list[Sighting]:
    try:
        return [seen for line in lines for seen in read_notification(line, is_escaped=False)]
    except Invalid as error:
        raise Unavailable(
            "the stream of notifications brought something else",
            code="not-s3",
            remedy="look at what stands between headrace and the server",
        ) from error
