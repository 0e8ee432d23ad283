"""What the gate has to know of pages: which paths are theirs, who signs in how, what a form proves.

A form of another site can be sent here with this browser's cookie, so that each one has to
repeat a value that only pages of this listener show: the session's `csrf`, as a field, or from
a script as the header `headrace-csrf`. Together with SameSite=Strict and the Origin these are
three doors, each of which would do.
"""

from html import escape
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import orjson
from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from broker.errors import Forbidden, HeadraceError, Invalid, Unauthorized
from deploy.access.sessions import Session
from deploy.console.pages import PAGE_HEADERS, show_problem

FORM = "application/x-www-form-urlencoded"
FIELDS_MAX = 64
CSRF_FIELD, CSRF_HEADER = "csrf", "headrace-csrf"
SIGN_IN = "/sign-in"
STATIC = "/static/"
NO_PAGES = ("/api/", "/healthz", "/readyz", "/metrics")  # for programs
COOKIE_CHARACTERS_MAX = 64


def is_page(path: str) -> bool:
    return not path.startswith(NO_PAGES)


def is_open(path: str) -> bool:
    """What one sees before signing in."""
    return path == SIGN_IN or path.startswith(STATIC)


def wants_page(path: str, method: str, headers: Headers) -> bool:
    """A browser asks, not a program, and it is to be shown something."""
    accepted = "text/html" in headers.get("accept", "")
    return is_page(path) and (accepted or (method == "POST" and takes_form(path, headers)))


def takes_form(path: str, headers: Headers) -> bool:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    # What a program's library calls a form by default stays refused below /api/.
    return is_page(path) and media_type == FORM and "origin" in headers


def fields_of(body: bytes) -> dict[str, str]:
    """The fields of a form, each once. Raises Invalid."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError as error:
        what = "this is no form of the console"
        raise Invalid(what, where="body", remedy="go back, and load the page again") from error
    return dict(pairs)


def check_proof(path: str, headers: Headers, body: bytes, session: Session | None) -> None:
    """Raises Forbidden where a page that this listener has not shown may have asked.

    Whoever sends a token in a header needs no proof: no browser adds one by itself. Nor does
    signing in, which has no session yet and stands on its Origin.
    """
    is_form = takes_form(path, headers)
    if path == SIGN_IN or (session is None and not is_form):
        return
    if session is not None and not is_form and session.ends_at is None:
        return  # JSON of a program where everybody is `local`
    proof = headers.get(CSRF_HEADER)
    if proof is None and is_form:
        proof = fields_of(body).get(CSRF_FIELD)
    if session is None or proof is None or not session.proves(proof):
        raise Forbidden(
            "this does not come from a page of your present session",
            code="no-proof",
            where=CSRF_FIELD if is_form else CSRF_HEADER,
            remedy="load the page again, sign in where it asks, and repeat what you did",
        )


def cookie_name(scope: Scope) -> str:
    """With the port: cookies do not tell two listeners of one machine apart."""
    server = scope.get("server") or ("", 0)
    return f"headrace-session-{server[1]}"


def cookie_of(scope: Scope, headers: Headers) -> str | None:
    """The session's cookie, as it was sent."""
    found = cookie_parser(headers.get("cookie", "")).get(cookie_name(scope))
    return found if found and len(found) <= COOKIE_CHARACTERS_MAX else None


def own_place(place: str) -> str:
    """`place` where it is a path of this listener, else the first page."""
    try:
        parts = urlsplit(place)
    except ValueError:
        return "/"
    # Browsers read `\` as `/` and skip what they do not see: //elsewhere has many spellings.
    is_plain = place.isascii() and place.isprintable() and "\\" not in place
    is_path = place.startswith("/") and not place.startswith("//") and not parts.netloc
    return place if is_plain and is_path else "/"


def refusal(scope: Scope, headers: Headers, error: HeadraceError, refused: Response) -> Response:
    """How the gate answers: a browser is led to the sign-in, or shown what is wrong."""
    path, method = scope["path"], scope["method"]
    if not wants_page(path, method, headers):
        return refused
    if not isinstance(error, Unauthorized):
        return _page_of(refused, scope)
    if "hx-request" in headers:  # a part of a page is asked for: the whole of it has to go
        return Response(status_code=401, headers={"hx-redirect": SIGN_IN})
    asked = asked_of(scope)
    if method == "GET" and headers.get("sec-fetch-site") == "cross-site":
        return _ask_again(asked)
    place = SIGN_IN if path == "/" or method != "GET" else f"{SIGN_IN}?next={quote(asked, safe='')}"
    return Response(status_code=303, headers={"location": place})


def problem_page(request: Request, refused: Response) -> Response:
    """What a route refused, as a page where a browser asked for one."""
    if not wants_page(request.url.path, request.method, request.headers):
        return refused
    return _page_of(refused, request.scope)


def asked_of(scope: Scope) -> str:
    """The address as it was asked for, its escapes and all; `/` for one that leads away."""
    path, query = (scope.get("raw_path") or b"/").partition(b"?")[0], scope["query_string"]
    return own_place((path + b"?" + query if query else path).decode("latin-1"))


def _ask_again(asked: str) -> Response:
    """The first page after a link from elsewhere: a strict cookie comes only with the second."""
    head = f'<meta http-equiv="refresh" content="0; url={escape(asked, quote=True)}">'
    text = f"<!doctype html><html lang=en><title>headrace</title>{head}</html>"
    return Response(text, media_type="text/html", headers=dict(PAGE_HEADERS))


def _page_of(refused: Response, scope: Scope) -> Response:
    problem: dict[str, Any] = orjson.loads(bytes(refused.body))
    page = show_problem(problem, scope, refused.status_code)
    if (wait := refused.headers.get("retry-after")) is not None:
        page.headers["retry-after"] = wait
    return page
