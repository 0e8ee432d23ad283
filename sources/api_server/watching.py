"""One watch: what the server notifies of, as it comes, until the time that was asked for ends.

Source: Kubernetes API concepts, "Efficient detection of changes".
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import orjson

from sources.api_server.client import Client, Query
from sources.api_server.lines import Lines
from sources.api_server.objects import Found, odd_answer
from sources.api_server.refusals import Right, refusal_in_stream

WATCH_SECONDS_MAX = 300.0
LINE_BYTES_MAX = 8 * 1024 * 1024  # an object of etcd's 1.5 MiB, written as JSON, and its history


class Notification(NamedTuple):
    """`kind` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""

    kind: str
    found: Found


class Watching(NamedTuple):
    """What to watch, and from where."""

    path: str
    query: Query
    right: Right
    version: str

    def asked(self, seconds: int) -> dict[str, str]:
        return {
            **self.query,
            "watch": "true",
            "resourceVersion": self.version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
        }


@asynccontextmanager
async def open_watch(
    client: Client, watching: Watching, chance: float
) -> AsyncIterator[AsyncIterator[list[Notification]]]:
    """Notifications, as many at once as have come; entered once the server has agreed.

    `chance` (0 to 1) spreads the ends, so that many watches do not begin again together.
    TooLarge where a line is over LINE_BYTES_MAX.
    """
    seconds = int(WATCH_SECONDS_MAX * (0.8 + chance / 5))
    async with client.stream(
        watching.path, watching.asked(seconds), watching.right, seconds
    ) as chunks:
        yield _notifications(chunks)


async def _notifications(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[Notification]]:
    lines = Lines(LINE_BYTES_MAX)
    async for chunk in chunks:
        if found := [notification_of(line) for line in lines.feed(chunk)]:
            yield found


def notification_of(line: bytes) -> Notification:
    """Pure; raises Unavailable for a line that is none."""
    try:
        found = orjson.loads(line)
        return Notification(found["type"], found["object"])
    except (ValueError, KeyError, TypeError) as error:
        raise odd_answer("a line that is no notification") from error


def refuse_error(notification: Notification, right: Right, where: str) -> None:
    """Raise what an ERROR notification says; Expired where the version is too old."""
    if notification.kind == "ERROR":
        raise refusal_in_stream(notification.found, right, where)
