"""Why: the whole story of one event."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from broker.event import StoredEvent
from deploy.admin.access import Looker
from deploy.admin.events import choose_brokers, event, not_in_log
from deploy.admin.log_pages import END
from deploy.admin.story_view import story_view
from deploy.admin.views import event_detail, event_view
from deploy.running import Running, RunningBroker
from triggers.story import Storyteller

router = APIRouter(prefix="/api/v1")

ANY_ID = "-"  # where the offset alone says which
SAME_ID_MAX = 20
Found = tuple[RunningBroker, StoredEvent]


@router.get("/events/{id:path}/why")
async def why(
    request: Request,
    by: Looker,
    id: str,
    broker: str | None = None,
    source: Annotated[str | None, Query(max_length=4_000)] = None,
    offset: Annotated[int | None, Query(ge=1, lt=END)] = None,
) -> dict[str, Any]:
    """Tell the story of an event: stored when, by whom, matched by which clause, where it is.

    Of several with this id the newest, unless `source` or `offset` choose; `same_id` names
    the others. With `offset` the id may be `-`.
    """
    if not _is_asked_why(request):  # an id may end in these letters
        return await event(request, by, f"{id}/why", broker)
    running: Running = request.app.state.running
    found = await _find(choose_brokers(running, broker), id, offset)
    chosen = [one for one in found if source is None or one[1].event.source == source]
    if not chosen:
        raise not_in_log(id)
    where, stored = chosen[0]
    story = await Storyteller(where.partition).tell(stored)
    name = where.spec.name
    return {
        "event": event_detail(name, stored),
        **story_view(story),
        "same_id": [event_view(other.spec.name, one) for other, one in found if one is not stored],
    }


def _is_asked_why(request: Request) -> bool:
    """Whether the path itself ends so, and not an id with an escaped slash."""
    raw: bytes = request.scope.get("raw_path") or b"/why"
    return raw.partition(b"?")[0].endswith(b"/why")


async def _find(brokers: list[RunningBroker], id: str, offset: int | None) -> list[Found]:
    """The events asked for, newest first."""
    found: list[Found] = []
    for one in brokers:
        if offset is None:
            stored = await one.engine.log.find(id, SAME_ID_MAX)
        else:
            page = await one.engine.log.read(offset - 1, 1, 1)
            stored = [e for e in page if e.offset == offset and id in (ANY_ID, e.event.id)]
        found += [(one, each) for each in stored]
    found.sort(key=lambda each: each[1].stored_at, reverse=True)
    return found
