"""Jobs: redrives, replays and files on their way, and their valves."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request, Response

from deploy.admin.access import Looker, Operator, Principal
from deploy.console.asking import Asking, Refused
from deploy.console.done import back_to, said
from deploy.console.door import fields_of
from deploy.console.endings import Ending, View, file_ending, redrive_ending, replay_ending
from deploy.console.live import Look, show_live
from deploy.console.words import link

router = APIRouter(include_in_schema=False)

GROUPS_MAX = 5  # of a job are told in words
LISTED_MAX = 50  # of each kind: those under way first
VERBS = {
    "files": ("pause", "resume", "cancel", "retry-errors"),
    "replays": ("pause", "resume", "cancel"),
    "redrives": ("pause", "resume", "cancel"),
}
ROUTES = {"redrives": "redrive-jobs"}  # of the API, where it has another word


@router.get("/jobs")
async def jobs(request: Request, by: Looker) -> Response:
    """All kinds, those that have not ended first."""
    asking = Asking(request, by)

    async def look() -> Look:
        files = await asking.get("files", limit=LISTED_MAX)
        replays = await asking.get("replays", limit=LISTED_MAX)
        redrives = await asking.get("redrive-jobs", limit=LISTED_MAX)
        found = {"files": files, "replays": replays, "redrives": redrives}
        return Look({kind: listed["items"] for kind, listed in found.items()})

    return await show_live(request, by, "jobs.html", look, done=said(request))


@router.get("/jobs/files/{id}")
async def file(request: Request, by: Looker, id: str) -> Response:
    """How far one file is."""
    return await _show_job(request, by, "file.html", ("files", id), file_ending)


@router.get("/jobs/replays/{id}")
async def replay(request: Request, by: Looker, id: str) -> Response:
    """How far one replay is."""
    return await _show_job(request, by, "replay.html", ("replays", id), replay_ending)


async def _show_job(
    request: Request,
    by: Principal,
    template: str,
    parts: tuple[str, str],
    ending_of: Callable[[View], Ending | None],
) -> Response:
    asking = Asking(request, by)

    async def look() -> Look:
        one = await asking.get(*parts)
        ending = ending_of(one)
        return Look({"one": one, "ending": ending}, has_ended=ending is not None)

    return await show_live(request, by, template, look, done=said(request))


@router.get("/jobs/redrives/{id}")
async def redrive(request: Request, by: Looker, id: str) -> Response:
    """How far one redrive is, live, and what failed again."""
    asking = Asking(request, by)

    async def look() -> Look:
        one = await asking.get("redrive-jobs", id)
        failed = await asking.get("redrive-jobs", id, "failed", limit=LISTED_MAX)
        ids = [row["group"] for row in one["failed_by_group"][:GROUPS_MAX]]
        told = {
            "one": one,
            "ending": redrive_ending(one),
            "failed": failed["items"],
            "more_failed": failed["next"] is not None,
            "patterns": await _patterns(asking, ids),
        }
        return Look(told, has_ended=one["ended_at"] is not None)

    return await show_live(request, by, "redrive.html", look, done=said(request))


async def _patterns(asking: Asking, groups: Sequence[str]) -> dict[str, str | None]:
    """What went wrong in each of these groups, in its words; one that is gone has none."""
    found: dict[str, str | None] = {}
    for group in groups:
        try:
            found[group] = (await asking.get("dead-letter-groups", group))["pattern"]
        except Refused as refused:
            if refused.status != 404:
                raise
    return found


@router.post("/jobs/{kind}/{id}/{verb}")
async def steer(request: Request, by: Operator, kind: str, id: str, verb: str) -> Response:
    """Pause, resume, cancel; of files also what failed once more."""
    if verb not in VERBS.get(kind, ()):
        raise Refused(404, {"title": "Not Found", "detail": "there is no such verb"})
    sent = fields_of(await request.body())
    route, reason = ROUTES.get(kind, kind), sent.get("reason", "")
    done = await Asking(request, by).post(route, id, verb, reason=reason)
    return back_to(link("/jobs", kind, id), verb if done.get("changed", True) else "nothing")
