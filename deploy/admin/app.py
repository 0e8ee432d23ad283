"""The admin application: FastAPI, read-only so far; imported after the ingress listens."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from broker.errors import HeadraceError, Invalid
from broker.problem import problem, problem_of
from deploy.admin import dead_letters, events, health, listings
from deploy.running import Running

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def create_app(running: Running, hosts: frozenset[str] = LOOPBACK) -> FastAPI:
    """The application over `running`; answers only requests whose Host is in `hosts`."""
    app = FastAPI(
        title="headrace",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.running = running
    for module in (health, listings, events, dead_letters):
        app.include_router(module.router)

    @app.middleware("http")
    async def check_host(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        # A page of another site that resolves its name to loopback sends its own Host.
        host = host_of(request.headers.get("host", ""))
        if host not in hosts:
            what = f"this listener does not answer for host {host!r}"
            return refuse(Invalid(what, code="wrong-host", remedy="use its own address"), 421)
        return await answer(request)

    @app.exception_handler(HeadraceError)
    async def refused(request: Request, error: HeadraceError) -> Response:
        return refuse(error, 404 if error.code == "not-found" else None)

    @app.exception_handler(HTTPException)
    async def unrouted(request: Request, error: HTTPException) -> Response:
        remedy = "/api/openapi.json names what there is"
        code = "not-found" if error.status_code == 404 else "bad-request"
        answer = refuse(Invalid(str(error.detail), code=code, remedy=remedy), error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return refuse(Invalid(first["msg"], code="bad-parameter", where=where), 400)

    return app


def host_of(header: str) -> str | None:
    """The name in a Host header, without its port; None where it is none."""
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def refuse(error: HeadraceError, status: int | None = None) -> Response:
    """problem+json, as the ingress answers."""
    answer = problem_of(error)
    if status is not None:
        answer = problem(status, error.code, error.what, error.where, error.remedy)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)
