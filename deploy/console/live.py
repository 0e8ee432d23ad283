"""Pages that go on by themselves: their address, asked for as a stream of server-sent events.

A stream tells what its page told when it was opened, and sends the part that lives again when
that has changed (HTML, 9.2 "Server-sent events"). It ends with what it shows, with its session,
when the process drains and after `STREAM_SECONDS_MAX`; who still shows the page asks again.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from deploy.access.roles import Principal
from deploy.access.sessions import Session, Sessions
from deploy.console.asking import Refused
from deploy.console.door import asked_of, cookie_of
from deploy.console.pages import PAGE_HEADERS, rendered, show
from deploy.running import Running

EVENT_STREAM = "text/event-stream"
STREAMS_MAX = 16
STREAMS_BY_SESSION_MAX = 4  # a browser opens six connections, and needs some to load pages
LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 5.0  # with one look: a store that hangs shall not stop all streams
REPEAT_SECONDS = 10.0  # what has not changed is sent again: times ago have grown
STREAM_SECONDS_MAX = 600.0
AGAIN_MILLISECONDS = 500  # before a browser asks again for a stream that has ended
LATER_MILLISECONDS = 10_000  # and for one that was not given
# After each look nobody looks for so many times as long, up to a second: so all streams
# together take a tenth of the loop at most, whatever they look at.
PAUSE_FACTOR, PAUSE_SECONDS_MAX = 9, 1.0
# Takes away what asks, and so its stream and its timer: after a job's end there is nothing to ask.
END = 'data: <div id="asking" hx-swap-oob="delete"></div>\n\n'
LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Look:
    """What a page tells now; once `has_ended`, nothing of it changes by itself."""

    told: Mapping[str, Any]
    has_ended: bool = False


Looking = Callable[[], Awaitable[Look]]


@dataclass(frozen=True, slots=True)
class Watched:
    """A page under somebody's eyes: `part` is the template of what lives in it."""

    request: Request
    by: Principal
    part: str
    look: Looking

    async def event(self, look: Look) -> str:
        """The part that lives, as one event."""
        text = await rendered(self.request.scope, self.part, look.told)
        return "".join(f"data: {line}\n" for line in LINE_END.split(text)) + "\n"

    @property
    def session(self) -> Session | None:
        found: Session | None = self.request.state.session
        return found


class Streams:
    """Those of one admin listener: counted, and looking one after the other."""

    def __init__(
        self,
        running: Running,
        sessions: Sessions,
        look_seconds: float = LOOK_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._look_seconds = look_seconds
        self._patience_seconds = patience_seconds
        self._running = running
        self._sessions = sessions
        self._turn = asyncio.Lock()
        self._opened: Counter[str] = Counter()  # by the session's proof

    async def follow(self, page: Watched, first: Look) -> AsyncIterator[str]:
        """What to send: `first`, and all that comes after it.

        Whoever may not have a stream gets `first` alone, and asks again ten seconds later.
        """
        session = page.session
        if session is None or not self._has_room(session) or not self._counts(page):
            yield f"retry: {LATER_MILLISECONDS}\n{await page.event(first)}"
            if first.has_ended:
                yield END
            return
        self._opened[session.csrf] += 1
        try:
            yield f"retry: {AGAIN_MILLISECONDS}\n{await page.event(first)}"
            look = first
            async for look in self._changes(page, first):
                yield await page.event(look)
            if look.has_ended:
                yield END
        finally:
            self._opened[session.csrf] -= 1
            self._opened += Counter()  # forgets those that have none

    async def _changes(self, page: Watched, look: Look) -> AsyncIterator[Look]:
        """Each look that tells something else than the one before, and some that do not."""
        clock = self._running.clock
        sent_at = clock.monotonic()
        ends_at = sent_at + STREAM_SECONDS_MAX
        while not look.has_ended and clock.monotonic() < ends_at:
            await asyncio.sleep(self._look_seconds)
            if not self._counts(page):
                return
            before = look.told
            try:
                look = await self._look(page.look)
            except (Refused, TimeoutError):
                return  # whoever asks again is told why
            if look.told != before or clock.monotonic() - sent_at >= REPEAT_SECONDS:
                sent_at = clock.monotonic()
                yield look

    async def _look(self, look: Looking) -> Look:
        clock = self._running.clock
        async with self._turn:
            began = clock.monotonic()
            async with asyncio.timeout(self._patience_seconds):
                found = await look()
            took_seconds = clock.monotonic() - began
            await asyncio.sleep(min(PAUSE_SECONDS_MAX, PAUSE_FACTOR * took_seconds))
        return found

    def _has_room(self, session: Session) -> bool:
        own = self._opened[session.csrf]
        return own < STREAMS_BY_SESSION_MAX and self._opened.total() < STREAMS_MAX

    def _counts(self, page: Watched) -> bool:
        """Whether who opened it may still look, with the role of then, and this goes on."""
        book, session = self._running.tokens, page.session
        if self._running.is_draining or session is None:
            return False
        if book is None or session.ends_at is None:
            return book is None or book.is_open
        cookie = cookie_of(page.request.scope, page.request.headers)
        found = None if cookie is None else self._sessions.find(cookie, book)
        return found is not None and found[1] == page.by


async def show_live(
    request: Request, by: Principal, template: str, look: Looking, **still: Any
) -> Response:
    """The page, or its stream. `still` is told to the page, and not again.

    What lives in the page NAME.html is the template NAME-live.html.
    """
    first, part = await look(), template.replace(".html", "-live.html")
    if EVENT_STREAM not in request.headers.get("accept", ""):
        stream = "" if first.has_ended else asked_of(request.scope)
        return show(request, template, **first.told, **still, live=part, stream=stream)
    streams: Streams = request.app.state.streams
    events = streams.follow(Watched(request, by, part, look), first)
    headers = {**PAGE_HEADERS, "x-accel-buffering": "no"}  # a proxy shall not hold them back
    return StreamingResponse(events, media_type=EVENT_STREAM, headers=headers)
