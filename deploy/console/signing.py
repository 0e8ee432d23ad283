"""Signing in with a token, out again, and which of two themes one looks at."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from broker.errors import HeadraceError, Overloaded
from broker.storage.rows import Audit
from deploy.access.book import TokenBook
from deploy.access.sessions import LIFETIME, Sessions
from deploy.admin.access import Looker
from deploy.console.door import SIGN_IN, cookie_name, cookie_of, fields_of, own_place
from deploy.console.pages import THEME_COOKIE, THEMES, see, show
from deploy.running import Running

router = APIRouter(include_in_schema=False)

PLACE_CHARACTERS_MAX = 4_000
THEME_SECONDS = 365 * 86_400
Place = Annotated[str, Query(alias="next", max_length=PLACE_CHARACTERS_MAX)]


@router.get(SIGN_IN)
async def sign_in_page(request: Request, place: Place = "/") -> Response:
    """The form, or the way on where nobody has to sign in."""
    return _show(request, own_place(place))


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    """Begin a session for whoever has a token. A failure counts as one by header does."""
    book, sent = _book(request), fields_of(await request.body())
    place = own_place(sent.get("next", "/"))
    if book is None:
        return see(place)
    address = request.client.host if request.client else "unknown"
    token = sent.get("token", "").strip()
    try:
        by = await book.sign_in(f"Bearer {token}", address)
    except HeadraceError as error:
        status = 429 if isinstance(error, Overloaded) else 401
        return _show(request, place, error, status)
    _end_present(request)
    cookie, _ = _sessions(request).begin(token)
    await book.note(Audit(_now(request), by.name, "sign-in.console", f"from {address}", 1))
    answer = see(place)
    set_cookie(request, answer, cookie_name(request.scope), cookie, int(LIFETIME.total_seconds()))
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, by: Looker) -> Response:
    """End the session at once, here and not only in the browser."""
    book = _book(request)
    if _end_present(request) and book is not None:
        await book.note(Audit(_now(request), by.name, "sign-out.console", "", 1))
    answer = see(SIGN_IN)
    set_cookie(request, answer, cookie_name(request.scope), "", 0)
    return answer


@router.post("/theme")
async def choose_theme(request: Request, by: Looker) -> Response:
    """Remember light or dark; anything else leaves it to the browser again."""
    sent = fields_of(await request.body())
    answer = see(own_place(sent.get("next", "/")))
    theme = sent.get("theme", "")
    set_cookie(request, answer, THEME_COOKIE, theme if theme in THEMES else "", THEME_SECONDS)
    return answer


def _show(
    request: Request, place: str, refused: HeadraceError | None = None, status: int = 200
) -> Response:
    is_unneeded = _book(request) is None
    is_late = isinstance(refused, Overloaded)
    hint = refused.remedy if refused and is_late else "check it, or ask an administrator for one"
    told = {"place": place, "refused": refused, "hint": hint, "is_unneeded": is_unneeded}
    return show(request, "sign_in.html", status, **told)


def set_cookie(request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
    """For this listener's own pages only, never for scripts; over TLS only where it came so."""
    is_secure = request.url.scheme == "https"
    answer.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="strict", secure=is_secure
    )


def _end_present(request: Request) -> bool:
    cookie = cookie_of(request.scope, request.headers)
    return cookie is not None and _sessions(request).end(cookie)


def _book(request: Request) -> TokenBook | None:
    """None where there are no tokens, and everybody on this machine is `local`."""
    running: Running = request.app.state.running
    book = running.tokens
    return None if book is None or book.is_open else book


def _sessions(request: Request) -> Sessions:
    found: Sessions = request.app.state.sessions
    return found


def _now(request: Request) -> datetime:
    running: Running = request.app.state.running
    return running.clock.now()
