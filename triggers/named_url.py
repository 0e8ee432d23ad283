"""URLs that a command names, and no configuration: tried before anything is made of them."""

from broker.errors import Invalid, Unavailable
from sinks.sink import Sink


async def probe_named(sink: Sink) -> None:
    """Raises Invalid where such a URL may not be, or cannot be, reached."""
    try:
        await sink.probe()
    except Unavailable as error:
        raise Invalid(
            error.what,
            code="sink-unreachable",
            where="to_sink",
            remedy=error.remedy or "name a URL that answers",
        ) from error
