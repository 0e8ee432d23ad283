"""The role that each route of the admin listener needs, as a parameter of the route."""

from typing import Annotated, Any

from fastapi import Depends, Request

from broker.errors import Forbidden
from deploy.access.book import unauthorized
from deploy.access.roles import LOCAL, Principal, Role
from deploy.access.sessions import Session, Sessions

__all__ = [
    "LOCAL",
    "Administrator",
    "Looker",
    "Operator",
    "Principal",
    "Role",
    "Viewer",
    "allow",
    "check_recent",
    "check_role",
]


def allow(role: Role) -> Any:
    """A dependency that gives the Principal, or refuses with 401 or 403."""

    def check(request: Request) -> Principal:
        principal: Principal | None = getattr(request.state, "principal", None)
        if principal is None:
            raise unauthorized("this takes a token")
        check_role(principal, role)
        return principal

    check.role = role  # type: ignore[attr-defined]  # for the description of the interface
    return Depends(check)


Looker = Annotated[Principal, allow(Role.VIEWER_WITHOUT_PAYLOAD)]
Viewer = Annotated[Principal, allow(Role.VIEWER)]
Operator = Annotated[Principal, allow(Role.OPERATOR)]
Administrator = Annotated[Principal, allow(Role.ADMIN)]


def check_role(principal: Principal, role: Role) -> None:
    """Raises Forbidden for who may less."""
    if principal.role < role:
        raise Forbidden(
            f"{principal.name} has the role {principal.role.word}, and this takes {role.word}",
            remedy=f"ask with a token of the role {role.word}: headrace tokens create",
        )


def check_recent(request: Request) -> None:
    """Before an act on many: a browser's session has proved its token a short time ago.

    Raises Forbidden(code="stale-session"). Whoever sends a token proves it by that, and
    where nobody has one there is none to prove.
    """
    session: Session | None = getattr(request.state, "session", None)
    sessions: Sessions = request.app.state.sessions
    if session is None or sessions.is_recent(session):
        return
    minutes = sessions.proof_kept.total_seconds() / 60
    raise Forbidden(
        f"this acts on many, and your token was last given over {minutes:g} min ago",
        code="stale-session",
        where="session",
        remedy="give your token again, and repeat what you did",
    )
