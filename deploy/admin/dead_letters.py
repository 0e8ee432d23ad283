"""Dead letters: groups, lists, and all that is known of one."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from broker.errors import Invalid
from broker.storage.desk import Term
from deploy.admin.events import Limit, choose_brokers, one_broker
from deploy.admin.views import dead_letter_detail, dead_letter_view, group_view
from deploy.running import Running

router = APIRouter(prefix="/api/v1")


@router.get("/dead-letters")
async def dead_letters(
    request: Request,
    broker: str | None = None,
    trigger: str | None = None,
    reason: str | None = None,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """Newest dead first."""
    running: Running = request.app.state.running
    one = one_broker(running, broker)
    terms = []
    if trigger is not None:
        terms.append(Term("trigger", "=", trigger if "/" in trigger else f"default/{trigger}"))
    if reason is not None:
        terms.append(Term("reason", "=", reason))
    page = await one.engine.desk.page(tuple(terms), cursor, limit)
    return {"items": [dead_letter_view(letter) for letter in page.items], "next": page.next}


@router.get("/dead-letters/{id}")
async def dead_letter(request: Request, id: str) -> dict[str, Any]:
    running: Running = request.app.state.running
    for one in running.brokers.values():
        if (letter := await one.engine.desk.get(id)) is not None:
            return dead_letter_detail(letter)
    raise Invalid(
        f"no dead letter {id}", code="not-found", remedy="headrace dead-letters list shows them"
    )


@router.get("/dead-letter-groups")
async def groups(
    request: Request, broker: str | None = None, trigger: str | None = None, limit: Limit = 50
) -> dict[str, Any]:
    """Failures alike, latest first."""
    full = trigger if trigger is None or "/" in trigger else f"default/{trigger}"
    items = []
    for one in choose_brokers(request.app.state.running, broker):
        items += [group_view(group) for group in await one.engine.desk.groups(full, limit)]
    items.sort(key=lambda item: str(item["last_at"]), reverse=True)
    return {"items": items[:limit], "next": None}
