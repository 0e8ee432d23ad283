"""Plans: what a verb is about, frozen and shown before anybody acts on it."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query, Request
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from broker.errors import Invalid
from deploy.admin.access import Looker, Operator, Principal, Role, Viewer, check_recent, check_role
from deploy.admin.dead_letters import read_where
from deploy.admin.events import Limit, choose_brokers, one_broker
from deploy.admin.naming import BrokerName, GroupId, LetterId
from deploy.admin.paging import job_name, page_after
from deploy.admin.plan_view import JOB, PLAN, job_view, plan_view
from deploy.admin.shown import shown
from deploy.admin.writing import check_writes, not_started
from deploy.running import Running, RunningBroker
from triggers.redrive import Aim, Options, Plan, PlanRequest, Redrives, Verb
from triggers.redrive.checking import CANARY_MAX
from triggers.redrive.job import ABORT_ABOVE
from triggers.redrive.plan import RATE_PER_SECOND, RATE_PER_SECOND_MAX
from triggers.where import EVERYTHING
from triggers.where.query import TEXT_CHARACTERS_MAX

router = APIRouter(prefix="/api/v1")

IDS_MAX = 10_000
TARGETS = {"sinks": ["default/archive"], "brokers": ["default/default"]}
PLAN_ID = r"^[a-z0-9-]{1,40}$"
PlanId = Annotated[str, Path(pattern=PLAN_ID)]
Rate = Annotated[float, Field(gt=0, le=RATE_PER_SECOND_MAX)]


def spelled(name: str) -> AliasChoices:
    """As everything here is spelled, and as the YAML spells its fields."""
    first, _, second = name.partition("_")
    return AliasChoices(name, first + second.capitalize())


class Planning(BaseModel):
    """One of `ids`, `where` and `group`, and what is to be done; `rate` for the estimate.

    A redrive goes to another sink of the configuration, or to a URL, with `to_sink`, or is
    published to all triggers of a broker again with `to_broker`; "." is the broker that they are
    of.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"verb": "redrive", "where": "reason = 'attempts'"}},
    )
    verb: Verb
    ids: Annotated[list[LetterId] | None, Field(min_length=1, max_length=IDS_MAX)] = None
    where: Annotated[str | None, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)] = None
    group: GroupId | None = None
    broker: BrokerName = None
    rate: Rate = RATE_PER_SECOND
    to_sink: Annotated[
        str | None, Field(min_length=1, max_length=8_192, validation_alias=spelled("to_sink"))
    ] = None
    to_broker: Annotated[
        str | None, Field(min_length=1, max_length=512, validation_alias=spelled("to_broker"))
    ] = None

    @model_validator(mode="after")
    def choose_one(self) -> Self:
        if sum(one is not None for one in (self.ids, self.where, self.group)) != 1:
            raise ValueError("say one of ids, where and group")
        if self.verb != "redrive" and (self.to_sink or self.to_broker):
            raise ValueError("only a redrive goes to another sink or broker")
        return self


class Acting(BaseModel):
    """How: of a redrive `rate`, `canary` and `abort_above`, of a discard the `count`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"rate": 50.0, "canary": 10, "reason": "the model is back"}},
    )
    rate: Rate | None = None
    canary: Annotated[int | None, Field(ge=0, le=CANARY_MAX)] = None
    abort_above: Annotated[float | None, Field(ge=0, le=1)] = None
    count: Annotated[int | None, Field(ge=0)] = None
    reason: Annotated[str, Field(max_length=1_000)] = ""

    def options(self, plan: Plan) -> Options:
        return Options(
            plan.rate_per_second if self.rate is None else self.rate,
            self.canary,
            ABORT_ABOVE if self.abort_above is None else self.abort_above,
        )


@router.post("/dead-letters/plans", responses=shown(PLAN))
async def make(request: Request, by: Viewer, wanted: Planning) -> dict[str, Any]:
    """Freeze which dead letters a verb is about; nothing is done until somebody acts on it.

    A plan is kept for an hour. It holds at most a million, `is_complete` is false where
    there are more. One to export takes the role viewer, all others operator.
    """
    if wanted.verb != "export":
        check_role(by, Role.OPERATOR)
    running: Running = request.app.state.running
    broker = await _broker_of(running, wanted)
    check_writes(broker)
    query = EVERYTHING if wanted.where is None else read_where(running, by, wanted.where)
    ids = None if wanted.ids is None else tuple(wanted.ids)
    aim = Aim(wanted.to_sink, wanted.to_broker)
    asked = PlanRequest(wanted.verb, query, wanted.group, ids, wanted.rate, aim)
    return plan_view(await redrives_of(broker).make_plan(asked, by.name), None)


@router.get("/dead-letters/plans", responses=shown({"items": [dict(PLAN)], "next": None}))
async def plans(
    request: Request,
    by: Looker,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=600)] = None,
) -> dict[str, Any]:
    """List plans of the last hour, and older ones whose jobs have not ended, the latest first."""
    items = [
        plan_view(plan, redrives.find(plan.id))
        for redrives in map(redrives_of, request.app.state.running.brokers.values())
        for plan in redrives.plans.all()
    ]
    items.sort(key=lambda item: str(item["made_at"]), reverse=True)
    page, following = page_after(items, cursor, limit, job_name)
    return {"items": page, "next": following}


@router.get("/dead-letters/targets", responses=shown(TARGETS))
async def targets(request: Request, by: Looker) -> dict[str, Any]:
    """List where a redrive can go by name, other than to the triggers themselves."""
    running: Running = request.app.state.running
    reach = next((one.partition.reach for one in running.brokers.values()), None)
    if reach is None:
        return {"sinks": [], "brokers": []}
    return {"sinks": sorted(reach.sinks()), "brokers": sorted(reach.brokers())}


@router.get("/dead-letters/plans/{id}", responses=shown(PLAN))
async def show(request: Request, by: Looker, id: PlanId) -> dict[str, Any]:
    """Show what a plan is about, what to know before, and what came of it."""
    _, redrives, plan = find_plan(request.app.state.running, id)
    return plan_view(plan, redrives.find(id))


@router.post(
    "/dead-letters/plans/{id}/act",
    responses=shown({"plan": {**PLAN, "job": JOB["id"]}, "job": dict(JOB), "is_new": True}),
)
async def act(request: Request, by: Operator, id: PlanId, wanted: Acting) -> dict[str, Any]:
    """Do what the plan is for, once: asked again, it does nothing new and answers the same.

    A redrive goes on as a job of the plan's id. A discard needs the plan's `count` and a
    `reason`.
    """
    running: Running = request.app.state.running
    broker, redrives, plan = find_plan(running, id)
    check_writes(broker)
    _check(plan.verb, wanted)
    check_recent(request)
    if plan.verb == "redrive":
        job, is_new = await redrives.redrive(id, wanted.options(plan), by.name, wanted.reason)
        told = job_view(job, redrives.tending.per_second(job))
        return {
            "plan": plan_view(redrives.plans.find(id) or plan, job),
            "job": told,
            "is_new": is_new,
        }
    plan, is_new = await _bin(redrives, plan, by, wanted)
    return {"plan": plan_view(plan, None), "job": None, "is_new": is_new}


async def _bin(redrives: Redrives, plan: Plan, by: Principal, wanted: Acting) -> tuple[Plan, bool]:
    if plan.verb == "restore":
        return await redrives.bin.restore(plan.id, by.name, wanted.reason)
    assert wanted.count is not None, "it was checked"
    return await redrives.bin.discard(plan.id, wanted.count, by.name, wanted.reason)


def _check(verb: Verb, wanted: Acting) -> None:
    """Whatever does not belong to the plan's verb is refused, and what it takes is there."""
    if verb == "export":
        raise Invalid(
            "an export is downloaded, not acted on",
            code="bad-verb",
            remedy="GET /api/v1/dead-letters/export?plan=PLAN, or headrace dead-letters export",
        )
    takes = {"redrive": ("rate", "canary", "abort_above"), "discard": ("count",), "restore": ()}
    for name in ("rate", "canary", "abort_above", "count"):
        if getattr(wanted, name) is not None and name not in takes[verb]:
            raise Invalid(
                f"a {verb} takes no {name}", code="bad-parameter", where=name, remedy="leave it out"
            )
    if verb == "discard" and (wanted.count is None or not wanted.reason):
        missing = "reason" if wanted.count is not None else "count"
        raise Invalid(
            f"a discard takes a {missing}",
            code="bad-parameter",
            where=missing,
            remedy="say how many the plan is about, and why nobody wants them",
        )


async def _broker_of(running: Running, wanted: Planning) -> RunningBroker:
    """The broker that is named, or that keeps the ids; ids of several make no plan."""
    if wanted.ids is None or wanted.broker is not None:
        return one_broker(running, wanted.broker)
    having = [one for one in running.brokers.values() if await one.engine.desk.states(wanted.ids)]
    if len(having) > 1:
        raise Invalid(
            "these are of several brokers",
            code="which-broker",
            where="broker",
            remedy="make a plan for each: say broker",
        )
    return having[0] if having else choose_brokers(running, None)[0]


def redrives_of(broker: RunningBroker) -> Redrives:
    found = broker.partition.redrives
    if found is None:
        raise not_started(broker)
    return found


def find_plan(running: Running, id: str) -> tuple[RunningBroker, Redrives, Plan]:
    """A plan and the broker that keeps it. Raises Invalid(code="not-found")."""
    for broker in running.brokers.values():
        redrives = redrives_of(broker)
        if (plan := redrives.plans.find(id)) is not None:
            return broker, redrives, plan
    raise Invalid(
        f"no plan {id}: plans are kept for an hour",
        code="not-found",
        remedy="make it again, and look at what it is about now",
    )
