"""Reload, and what a reload would change."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from broker.errors import InvalidConfig, Unavailable
from broker.problem import problem
from deploy.admin.access import Administrator
from deploy.admin.shown import shown
from deploy.config.difference import Change, difference
from deploy.config.read import read_texts
from deploy.running import Running
from deploy.standings import all_unsettled

router = APIRouter(prefix="/api/v1")

FILES_MAX = 1_000
MISTAKES_MAX = 200  # answered; the others are counted
CHANGE = {
    "kind": "Trigger",
    "name": "default/classify",
    "change": "changed",
    "fields": [{"path": "filters", "old": None, "new": "[{exact: {type: order}}]"}],
    "means": ["filter changes from the next event on; 312 in the backlog keep the old filter"],
}


class File(BaseModel):
    """One YAML file: its name is for messages only."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=1_000)
    text: str


class Files(BaseModel):
    """All files of a configuration."""

    model_config = ConfigDict(extra="forbid", strict=True)

    files: list[File] = Field(max_length=FILES_MAX)


class Nothing(BaseModel):
    """A verb without parameters."""

    model_config = ConfigDict(extra="forbid", strict=True)


@router.post(
    "/reload",
    response_model=None,
    responses=shown({"digest": "3f0c2a91d3e7", "changes": [CHANGE], "warnings": []}),
)
async def reload(request: Request, by: Administrator, body: Nothing) -> dict[str, Any] | Response:
    """Read the configuration files again and run by them, all or nothing.

    `changes` is empty where they say what runs already; secrets behind references and
    certificates are read again in any case. After a refusal the old configuration runs on.
    """
    running: Running = request.app.state.running
    if running.reloader is None:
        raise Unavailable("this headrace is still starting", code="starting", remedy="ask again")
    try:
        reloaded = await running.reloader.reload(by.name)
    except InvalidConfig as error:
        return refused(error)
    return {
        "digest": reloaded.digest,
        "changes": [change_view(change) for change in reloaded.changes],
        "warnings": list(reloaded.warnings),
    }


@router.post("/diff", response_model=None, responses=shown({"items": [CHANGE], "next": None}))
async def diff(request: Request, by: Administrator, body: Files) -> dict[str, Any] | Response:
    """Say what these files would change if they were reloaded, and what that means.

    References are not looked up: they compare as written. Nothing is changed.
    """
    running: Running = request.app.state.running
    texts = {file.name: file.text for file in body.files}
    try:
        found = await asyncio.to_thread(read_texts, texts)
    except InvalidConfig as error:
        return refused(error)
    changes = difference(running.configuration.written, found.written, all_unsettled(running))
    return {"items": [change_view(change) for change in changes], "next": None}


def refused(error: InvalidConfig) -> Response:
    """problem+json with the mistakes, each with its file, line and column."""
    lines = list(error.mistakes[:MISTAKES_MAX])
    if len(error.mistakes) > MISTAKES_MAX:
        lines.append(f"… and {len(error.mistakes) - MISTAKES_MAX} more; mend these first")
    remedy = "mend each, then ask again; the old configuration runs on"
    answer = problem(400, error.code, error.what, remedy=remedy, more={"mistakes": lines})
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)


def change_view(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "change": change.change,
        "fields": [{"path": one.path, "old": one.old, "new": one.new} for one in change.fields],
        "means": list(change.means),
    }
