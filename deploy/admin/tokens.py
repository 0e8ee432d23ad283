"""Tokens over HTTP: list, create, revoke. The text of one is answered once, and kept nowhere."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from broker.errors import Unavailable
from deploy.access.book import TokenBook
from deploy.access.roles import role_of
from deploy.access.token import Token
from deploy.access.views import lifetime_of, token_view
from deploy.admin.access import Administrator
from deploy.admin.paging import page_after
from deploy.running import Running

router = APIRouter(prefix="/api/v1")


class Create(BaseModel):
    """The token to make; without `expires` it counts until it is revoked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "ci", "role": "operator", "expires": "P90D"}},
    )
    name: Annotated[str, Field(max_length=64)]
    role: Annotated[str, Field(max_length=64)]
    expires: Annotated[str | None, Field(max_length=64)] = None


class Revoke(BaseModel):
    """Why, for the audit."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "it leaked"}}
    )
    reason: Annotated[str, Field(max_length=1000)] = ""


@router.get("/tokens")
async def tokens(
    request: Request,
    by: Administrator,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(max_length=64)] = None,
) -> dict[str, Any]:
    """List the tokens, oldest first: what each may do and since when, never what it is."""
    page, following = page_after(_book(request).tokens, cursor, limit, lambda token: token.prefix)
    return {"items": [_view(request, token) for token in page], "next": following}


@router.post("/tokens")
async def create(request: Request, by: Administrator, wanted: Create) -> dict[str, Any]:
    """Make a token and show it, this once. A name that was ever used is a 409."""
    role = role_of(wanted.role)
    lifetime = lifetime_of(wanted.expires)
    token, text = await _book(request).create(wanted.name, role, lifetime, by.name)
    return {**_view(request, token), "token": text}


@router.post("/tokens/{name}/revoke")
async def revoke(request: Request, by: Administrator, name: str, wanted: Revoke) -> dict[str, Any]:
    """End a token at once. The second time nothing is left to do, which is no error."""
    token, was_usable = await _book(request).revoke(name, by.name, wanted.reason)
    return {**_view(request, token), "revoked": was_usable}


def _view(request: Request, token: Token) -> dict[str, Any]:
    running: Running = request.app.state.running
    return token_view(token, token.is_usable(running.clock.now()))


def _book(request: Request) -> TokenBook:
    running: Running = request.app.state.running
    if running.tokens is None:
        raise Unavailable("this process keeps no tokens", remedy="run headrace up with --data")
    return running.tokens
