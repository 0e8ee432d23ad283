"""The admin application: FastAPI, imported after the ingress listens."""

import asyncio
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from broker.errors import Forbidden, HeadraceError, Invalid
from deploy.access.sessions import PROOF_KEPT
from deploy.admin import (
    audit,
    configuration,
    dead_letter_difference,
    dead_letter_edit,
    dead_letter_export,
    dead_letter_groups,
    dead_letter_import,
    dead_letter_verbs,
    dead_letters,
    events,
    explain,
    files,
    health,
    listings,
    models,
    plans,
    redrive_jobs,
    replays,
    sources,
    steering,
    tokens,
    trying,
    why,
)
from deploy.admin.access import Looker
from deploy.admin.description import describe, known_parameters, role_of_route
from deploy.admin.gate import OPEN_PATHS, Door, Gate, refuse
from deploy.admin.imports import Imports
from deploy.console.beginning import add_console
from deploy.console.door import is_open, problem_page
from deploy.running import Running

ROUTERS = (
    health.router,
    listings.router,
    steering.router,
    models.router,
    trying.router,
    sources.router,
    configuration.router,
    why.router,  # before events, whose ids may hold slashes
    events.router,
    explain.router,
    dead_letter_groups.router,
    dead_letter_difference.router,
    dead_letter_edit.router,
    dead_letter_export.router,  # before dead_letters, for which it would be an id
    dead_letter_import.router,
    plans.router,  # too
    dead_letters.router,
    dead_letter_verbs.router,
    redrive_jobs.router,
    tokens.router,
    audit.router,
    replays.router,
    files.router,
)


LOOPBACK_ONLY = Door()
CODES = {404: "not-found", 405: "method-not-allowed"}  # what no route answered


def create_app(
    running: Running, door: Door = LOOPBACK_ONLY, proof_kept: timedelta = PROOF_KEPT
) -> FastAPI:
    """The application over `running`, behind `door`; see `Sessions` for `proof_kept`."""
    app = FastAPI(
        title="headrace",
        version=version("headrace"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(check_rule), Depends(check_parameters)],
    )
    app.state.running = running
    app.state.trials = asyncio.Semaphore(trying.TRIALS_MAX)
    app.state.imports = Imports(running.clock)
    for router in ROUTERS:
        app.include_router(router)
    sessions = add_console(app, running, proof_kept)
    app.add_middleware(Gate, running=running, door=door, sessions=sessions)
    _describe_at(app)
    app.add_exception_handler(HeadraceError, refused)
    app.add_exception_handler(HTTPException, unrouted)
    app.add_exception_handler(RequestValidationError, invalid)
    return app


def _describe_at(app: FastAPI) -> None:
    described: dict[str, Any] = {}  # made when it is first asked for

    @app.get("/api/openapi.json", include_in_schema=False)
    async def openapi(by: Looker) -> dict[str, Any]:
        """This interface, as OpenAPI 3.1."""
        if not described:
            described.update(describe(app, list(ROUTERS)))
        return described


def check_rule(request: Request) -> None:
    """A route that names no role is nobody's, so that one that forgot shows at once."""
    route = request.scope["route"]
    if role_of_route(route) is None and not (route.path in OPEN_PATHS or is_open(route.path)):
        raise Forbidden(f"nobody may ask for {route.path}: it names no role", code="no-rule")


def check_parameters(request: Request) -> None:
    """A misspelt filter is refused: left out, it would show or change more than was meant."""
    route = request.scope["route"]
    if not route.path.startswith("/api/"):  # probes and scrapers add what they like
        return
    known = known_parameters(route)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        names = ", ".join(sorted(known))
        raise Invalid(
            f"there is no parameter {unknown[0][:64]!r} here",
            code="unknown-parameter",
            where="query",
            remedy=f"use one of: {names}" if known else "ask without parameters",
        )


async def refused(request: Request, error: Any) -> Response:
    return problem_page(request, refuse(error))


async def unrouted(request: Request, error: Any) -> Response:
    status, headers = error.status_code, error.headers or {}
    code = CODES.get(status, "bad-request")
    remedy = "/api/openapi.json names what there is"
    if status == 405:
        remedy = f"send {headers.get('Allow', 'another method')}; {remedy}"
    answer = refuse(Invalid(str(error.detail), code=code, remedy=remedy), status)
    answer.headers.update(headers)
    return problem_page(request, answer)


async def invalid(request: Request, error: Any) -> Response:
    """The first thing wrong with a parameter or a body, without the value that was sent."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    remedy = "mend it; /api/openapi.json says what it may be"
    refused = Invalid(first["msg"], code="bad-parameter", where=where, remedy=remedy)
    return problem_page(request, refuse(refused, 400))
