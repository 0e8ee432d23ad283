"""Templates to answers: what every page has, and what no page may do.

All that is shown passes twice: control characters and those that turn the direction of text
become visible escapes, and then Jinja2 escapes it. Nothing of an event is ever markup.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import cookie_parser
from starlette.types import Receive, Scope, Send

from deploy.access.roles import Principal, Role
from deploy.console import words
from deploy.console.assets import address_of

THEME_COOKIE = "headrace-theme"
THEMES = ("light", "dark")
PAGES = (  # in the bar of every page, and the key behind g that leads there
    ("/", "Overview", "o"),
    ("/dead-letters", "Dead letters", "d"),
    ("/events", "Events", "e"),
    ("/jobs", "Jobs", "j"),
    ("/audit", "Audit", "a"),
)
TURN_SECONDS = 0.002  # of the event loop, which has deliveries to make
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    # No page elsewhere learns what one looks at; with no-referrer a form would say Origin: null.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@cache
def templates() -> Environment:
    """Read and compiled once, at the first page."""
    environment = Environment(
        loader=PackageLoader("deploy.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.visible,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(words.FILTERS)
    environment.globals.update(link=words.link, asset=address_of, pages=PAGES)
    return environment


def compile_all() -> None:
    """So that no reader waits for it."""
    for name in templates().list_templates():
        templates().get_template(name)


def show(request: Request, template: str, status: int = 200, **told: Any) -> Response:
    """The page that `template` makes of `told`, for whoever asks."""
    return _answer(request.scope, template, status, told)


def see(place: str) -> Response:
    """Go on at `place`, and load that: so that loading again repeats nothing that was done."""
    return Response(status_code=303, headers={"location": place})


def show_problem(problem: Mapping[str, Any], scope: Scope, status: int) -> Response:
    """What was refused, in the words of the API: what, where, remedy."""
    return _answer(scope, "problem.html", status, {"problem": problem, "at": ""})


def _answer(scope: Scope, template: str, status: int, told: Mapping[str, Any]) -> Response:
    return Page(_parts(scope, template, told), status)


class Page(Response):
    """Made when it is sent, a little at a time."""

    def __init__(self, parts: Iterator[str], status: int) -> None:
        super().__init__(None, status, dict(PAGE_HEADERS), media_type="text/html")
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.body = (await _joined(self._parts)).encode()
        self.headers["content-length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


async def rendered(scope: Scope, template: str, told: Mapping[str, Any]) -> str:
    """The text that `template` makes of `told`, for whoever asks."""
    return await _joined(_parts(scope, template, told))


async def _joined(parts: Iterator[str]) -> str:
    """All of them. A long page takes 25 ms: so others have their turn on the loop meanwhile."""
    made: list[str] = []
    until = time.monotonic() + TURN_SECONDS
    for part in parts:
        made.append(part)
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + TURN_SECONDS
    return "".join(made)


def _parts(scope: Scope, template: str, told: Mapping[str, Any]) -> Iterator[str]:
    state = scope.get("state", {})
    by: Principal | None = state.get("principal")
    session = state.get("session")
    known = {
        "now": scope["app"].state.running.clock.now() if "app" in scope else None,
        "by": by,
        "csrf": "" if session is None else session.csrf,
        "may_steer": by is not None and by.role >= Role.OPERATOR,
        "sees_data": by is not None and by.role >= Role.VIEWER,
        "is_signed_in": session is not None and session.ends_at is not None,
        "theme": theme_of(scope),
        "path": scope["path"],
    }
    return templates().get_template(template).generate({**known, **told})


def theme_of(scope: Scope) -> str:
    """Light or dark where somebody chose; empty leaves it to the browser."""
    cookies = dict(scope["headers"]).get(b"cookie", b"").decode("latin-1")
    chosen = cookie_parser(cookies).get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""
