"""The console joins the admin application."""

import asyncio
from datetime import timedelta

from fastapi import Depends, FastAPI

from broker.errors import Forbidden
from deploy.access.sessions import Sessions
from deploy.console import (
    assets,
    editing,
    groups,
    importing,
    jobs,
    letters,
    looking,
    overview,
    plans,
    proving,
    running_parts,
    signing,
)
from deploy.console.asking import Refused
from deploy.console.history import History, follow
from deploy.console.live import Streams
from deploy.console.pages import compile_all
from deploy.running import Running

ROUTERS = (
    assets.router,
    signing.router,
    proving.router,
    overview.router,
    running_parts.router,
    looking.router,
    jobs.router,
    groups.router,  # these before letters, whose ids take any word
    plans.router,
    editing.router,
    importing.router,
    letters.router,
)


def add_console(app: FastAPI, running: Running, proof_kept: timedelta) -> Sessions:
    """Its routes and what they keep; gives the sessions, which the gate asks."""
    sessions = app.state.sessions = Sessions(running.clock, proof_kept=proof_kept)
    app.state.history = History()
    app.state.streams = Streams(running, sessions)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(proving.prove)])
    app.add_exception_handler(Refused, proving.refused)
    app.add_exception_handler(Forbidden, proving.forbidden)
    return sessions


async def keep(app: FastAPI) -> None:
    """What the console does while its listener runs: be ready for the first page, and sample."""
    # On a thread: compiling takes 0.1 s, for which no delivery shall wait.
    await asyncio.to_thread(compile_all)
    await follow(app.state.running, app.state.history)
