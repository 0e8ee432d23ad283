"""The role that each route of the admin listener needs, as a parameter of the route."""

from typing import Annotated, Any

from fastapi import Depends, Request

from broker.errors import Forbidden
from deploy.access.book import unauthorized
from deploy.access.roles import LOCAL, Principal, Role

__all__ = [
    "LOCAL",
    "Administrator",
    "Looker",
    "Operator",
    "Principal",
    "Role",
    "Viewer",
    "allow",
]


def allow(role: Role) -> Any:
    """A dependency that gives the Principal, or refuses with 401 or 403."""

    def check(request: Request) -> Principal:
        principal: Principal | None = getattr(request.state, "principal", None)
        if principal is None:
            raise unauthorized("this takes a token")
        if principal.role < role:
            raise Forbidden(
                f"{principal.name} has the role {principal.role.word}, and this takes {role.word}",
                remedy=f"ask with a token of the role {role.word}: headrace tokens create",
            )
        return principal

    check.role = role  # type: ignore[attr-defined]  # for the description of the interface
    return Depends(check)


Looker = Annotated[Principal, allow(Role.VIEWER_WITHOUT_PAYLOAD)]
Viewer = Annotated[Principal, allow(Role.VIEWER)]
Operator = Annotated[Principal, allow(Role.OPERATOR)]
Administrator = Annotated[Principal, allow(Role.ADMIN)]
