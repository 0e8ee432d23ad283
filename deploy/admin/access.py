"""Who asks, and what they may: every route of the admin listener names the role it needs."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any

from fastapi import Depends, Request

from broker.errors import HeadraceError


class Role(IntEnum):
    """Each may all that those before it may."""

    VIEWER_WITHOUT_PAYLOAD = 1  # sees what happens, never the data of an event nor answers' bodies
    VIEWER = 2
    OPERATOR = 3  # turns valves: pause, seek, redrive, discard, replay
    ADMIN = 4  # reload, tokens


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a token's name, or `local` where loopback is open to everybody."""

    name: str
    role: Role


LOCAL = Principal("local", Role.ADMIN)


def allow(role: Role) -> Any:
    """A dependency that gives the Principal, or refuses with 401 or 403."""

    def check(request: Request) -> Principal:
        principal: Principal = getattr(request.state, "principal", LOCAL)
        if principal.role < role:
            wanted, has = role.name.lower(), principal.role.name.lower()
            raise HeadraceError(
                f"{principal.name} has the role {has}, and this takes {wanted}",
                code="forbidden",
                remedy="ask with a token of that role: headrace tokens create",
            )
        return principal

    return Depends(check)


Looker = Annotated[Principal, allow(Role.VIEWER_WITHOUT_PAYLOAD)]
Viewer = Annotated[Principal, allow(Role.VIEWER)]
Operator = Annotated[Principal, allow(Role.OPERATOR)]
Administrator = Annotated[Principal, allow(Role.ADMIN)]
