"""Dead letters: lists by query, all that is known of one, and why it is one."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from broker.errors import Forbidden, Invalid
from broker.storage.desk import Condition, Term
from broker.storage.rows import DeadLetter
from deploy.admin.access import Looker, Principal, Role
from deploy.admin.dead_letter_story import story_of
from deploy.admin.events import Limit, one_broker
from deploy.admin.naming import full_name
from deploy.admin.views import dead_letter_detail, dead_letter_view
from deploy.running import Running, RunningBroker
from triggers.where import Query as Where
from triggers.where import look, parse_query
from triggers.where.query import TEXT_CHARACTERS_MAX

router = APIRouter(prefix="/api/v1")

Name = Annotated[str | None, Query(max_length=512)]


@router.get("/dead-letters")
async def dead_letters(
    request: Request,
    by: Looker,
    broker: Name = None,
    trigger: Name = None,
    reason: Name = None,
    where: Annotated[str, Query(max_length=TEXT_CHARACTERS_MAX)] = "",
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> dict[str, Any]:
    """List dead letters, newest first; `where` is a query in CESQL.

    A query that no index answers is evaluated on rows, a bounded number at a time: `looked`
    of `of` rows were looked at for this page, and `next` goes on where it ended, even where
    there are no `items`. `of` is null where every row that was looked at is shown.
    """
    running: Running = request.app.state.running
    one = one_broker(running, broker)
    more: Condition = ()
    if trigger is not None:
        more += (Term("trigger", "=", full_name(trigger)),)
    if reason is not None:
        more += (Term("reason", "=", reason),)
    query = read_where(running, by, where)
    looked = await look(one.engine.desk, query, cursor, limit, running.clock, more)
    return {
        "items": [dead_letter_view(letter) for letter in looked.items],
        "next": looked.next,
        "looked": looked.looked,
        "of": looked.of,
    }


@router.get("/dead-letters/{id}")
async def dead_letter(request: Request, by: Looker, id: str) -> dict[str, Any]:
    """Show all that is known of one: the event, each attempt, the redrives.

    `job` is the redrive that it is under way in.
    """
    broker, letter = await find_letter(request.app.state.running, id)
    return {**dead_letter_detail(letter), "job": job_of(broker, letter)}


@router.get("/dead-letters/{id}/why")
async def why(request: Request, by: Looker, id: str) -> dict[str, Any]:
    """Tell why it is one: stored when, matched by what, each attempt, and what is so today."""
    broker, letter = await find_letter(request.app.state.running, id)
    told = {**dead_letter_detail(letter), "job": job_of(broker, letter)}
    return {**told, **await story_of(broker.partition, letter)}


def job_of(broker: RunningBroker, letter: DeadLetter) -> str | None:
    """The redrive job under way that has sent it; None where it was sent by itself, or not."""
    redrives = broker.partition.redrives
    jobs = () if redrives is None else redrives.all()
    return next((job.id for job in jobs if letter.id in job.waiting), None)


async def find_letter(running: Running, id: str) -> tuple[RunningBroker, DeadLetter]:
    """A dead letter and the broker that keeps it. Raises Invalid(code="not-found")."""
    for one in running.brokers.values():
        if (letter := await one.engine.desk.get(id)) is not None:
            return one, letter
    raise Invalid(
        f"no dead letter {id[:64]}",
        code="not-found",
        remedy="headrace dead-letters list shows them",
    )


def read_where(running: Running, by: Principal, text: str) -> Where:
    """The query; one that reads data tells of it, and is not for those who may not see it."""
    query = parse_query(text, running.clock.now())
    if query.reads_data and by.role < Role.VIEWER:
        raise Forbidden(
            f"{by.name} may not see the data of events, and this asks for data(…)",
            where="where",
            remedy="ask without data(…), or with a token of the role viewer",
        )
    return query
