"""The second sign-in: before an act on many, whoever signed in long ago gives the token again.

What was asked for is not lost by it: the page that asks for the token keeps the fields of the
form that was sent, and sends them again with the token in a field of its own.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from broker.errors import Forbidden, HeadraceError, Overloaded
from broker.storage.rows import Audit
from deploy.access.sessions import Sessions
from deploy.admin.access import Looker
from deploy.admin.gate import refuse
from deploy.console.door import (
    CSRF_FIELD,
    asked_of,
    cookie_of,
    fields_of,
    own_place,
    problem_page,
    takes_form,
)
from deploy.console.pages import see, show, show_problem
from deploy.running import Running

router = APIRouter(include_in_schema=False)

STALE = "stale-session"
PROOF = "proof"  # the field with the token


class NotProved(Forbidden):
    """The token that was given again does not count, or is another's."""


async def prove(request: Request) -> None:
    """Before every page: note that a form brings its reader's token. Raises NotProved."""
    if request.method != "POST" or not takes_form(request.url.path, request.headers):
        return
    token = fields_of(await request.body()).get(PROOF)
    if token is not None and request.state.session is not None:
        await _prove(request, token.strip())


async def _prove(request: Request, token: str) -> None:
    running: Running = request.app.state.running
    sessions: Sessions = request.app.state.sessions
    cookie, book = cookie_of(request.scope, request.headers), running.tokens
    if cookie is None or book is None or book.is_open:
        return  # nobody here has signed in: there is nothing to prove
    address = request.client.host if request.client else "unknown"
    try:
        by = await book.sign_in(f"Bearer {token}", address)
    except Overloaded:
        raise
    except HeadraceError as error:
        raise NotProved(error.what, code=STALE, remedy="give the one you signed in with") from error
    if not sessions.prove(cookie, token):
        what = f"this is a token of {by.name}, who has not signed in here"
        remedy = "give your own, or sign out and in to become somebody else"
        raise NotProved(what, code=STALE, remedy=remedy)
    found = sessions.find(cookie, book)
    request.state.session = None if found is None else found[0]  # of whoever asks next in this
    now = running.clock.now()
    await book.note(Audit(now, by.name, "sign-in.console", f"again, from {address}", 1))


@router.post("/prove")
async def go_on(request: Request, by: Looker) -> Response:
    """After the token of a page that was only to be loaded: load it."""
    sent = fields_of(await request.body())
    return see(own_place(sent.get("next", "/")))


async def refused(request: Request, error: Any) -> Response:
    """What the API refused a page, with its status and in its words; or the token, once more."""
    if error.code == STALE:
        return await _ask(request, error)
    return show_problem(error.problem, request.scope, error.status)


async def forbidden(request: Request, error: Any) -> Response:
    """What a route forbids; where it is for want of a recent token, a page asks for that."""
    answer = refuse(error)
    if error.code != STALE or problem_page(request, answer) is answer:
        return problem_page(request, answer)
    return await _ask(request, error)


async def _ask(request: Request, error: HeadraceError) -> Response:
    """The page that asks for the token, and keeps what was asked for."""
    is_form = request.method == "POST"
    sent = fields_of(await request.body()) if is_form else {"next": asked_of(request.scope)}
    kept = {name: text for name, text in sent.items() if name not in (CSRF_FIELD, PROOF)}
    place = request.url.path if is_form else "/prove"
    is_wrong = isinstance(error, NotProved)
    return show(request, "prove.html", 403, place=place, fields=kept, why=error, is_wrong=is_wrong)
