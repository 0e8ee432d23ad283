"""The files that pages need beside themselves: read once, named by what is in them.

A name changes with its content, so that browsers keep a file as long as they like. No page
asks another machine for anything.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Response

from broker.errors import Invalid

router = APIRouter(include_in_schema=False)

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
DIGEST_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Asset:
    """`address` is where pages find it."""

    body: bytes
    media_type: str
    address: str


@cache
def assets() -> dict[str, Asset]:
    """All there are, by their names as files."""
    found = {}
    for file in files("deploy.console").joinpath("static").iterdir():
        stem, dot, ending = file.name.rpartition(".")
        if dot + ending in TYPES:
            body = file.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:DIGEST_CHARACTERS]
            address = f"/static/{stem}.{digest}.{ending}"
            found[file.name] = Asset(body, TYPES[dot + ending], address)
    return found


def address_of(name: str) -> str:
    return assets()[name].address


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """One file."""
    address = f"/static/{name}"
    for asset in assets().values():
        if asset.address == address:
            return Response(asset.body, media_type=asset.media_type, headers=FOR_EVER)
    raise Invalid(
        "there is no such file", code="not-found", remedy="load the page again: headrace is newer"
    )
