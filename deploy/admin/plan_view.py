"""Plans and redrive jobs as they are shown, also in the description of the interface."""

from collections.abc import Mapping
from typing import Any

from deploy.admin.views import when
from triggers.redrive import Aim, Plan, RedriveJob

PLAN: Mapping[str, Any] = {
    "id": "260301-093000-3f2a",
    "broker": "default/default",
    "verb": "redrive",
    "where": "reason = 'attempts'",
    "group": None,
    "by": "ann",
    "made_at": "2026-03-01T09:30:00.000Z",
    "valid_until": "2026-03-01T10:30:00.000Z",
    "count": 412,
    "bytes": 51234,
    "is_complete": True,
    "by_group": [
        {
            "group": "sjslts3vhzxzilej",
            "trigger": "default/classify",
            "reason": "attempts",
            "status": 503,
            "pattern": "HTTP <number>",
            "count": 412,
        }
    ],
    "groups": 1,
    "by_reason": {"attempts": 412},
    "by_trigger": {"default/classify": 412},
    "by_age": {"hour": 12, "day": 400, "week": 0, "older": 0},
    "rate": 50.0,
    "to_sink": None,
    "to_broker": None,
    "seconds": 8.24,
    "warnings": [
        {
            "code": "failed-before",
            "text": "3 were redriven before and failed again",
            "trigger": None,
            "count": 3,
            "message": None,
        }
    ],
    "acted_at": None,
    "outcome": None,
    "passed": 0,
    "is_over": False,
    "job": None,
}
JOB: Mapping[str, Any] = {
    "id": "260301-093000-3f2a",
    "broker": "default/default",
    "state": "running",
    "why": "",
    "count": 412,
    "tally": {
        "started": 61, "delivered": 58, "failed_again": 1, "waiting": 2, "refused": 0, "other": 0,
    },
    "left": 351,
    "refused_by": {},
    "failed_by_group": [{"group": "sjslts3vhzxzilej", "count": 1}],
    "rate": 50.0,
    "to_sink": None,
    "to_broker": None,
    "per_second": 49.7,
    "seconds_left": 7.0,
    "canary": 10,
    "abort_above": 0.2,
    "first_attempts": {"done": 60, "failed": 2},
    "by": "ann",
    "reason": "the model is back",
    "began_at": "2026-03-01T09:31:00.000Z",
    "ended_at": None,
}  # fmt: skip


def plan_view(plan: Plan, job: RedriveJob | None) -> dict[str, Any]:
    """A plan, with the id of its job if there is one."""
    found, outcome = plan.breakdown, plan.outcome
    return {
        "id": plan.id,
        "broker": plan.broker,
        "verb": plan.verb,
        "where": plan.where,
        "group": plan.group,
        "by": plan.by,
        "made_at": when(plan.made_at),
        "valid_until": when(plan.valid_until),
        "count": plan.count,
        "bytes": found.size_bytes,
        "is_complete": plan.is_complete,
        "by_group": [
            {name: getattr(one, name) for name in type(one).__slots__} for one in found.by_group
        ],
        "groups": found.groups,
        "by_reason": found.by_reason,
        "by_trigger": found.by_trigger,
        "by_age": found.by_age,
        "rate": plan.rate_per_second,
        **aim_view(plan.aim),
        "seconds": plan.seconds,
        "warnings": [
            {name: getattr(one, name) for name in type(one).__slots__} for one in plan.warnings
        ],
        "acted_at": when(plan.acted_at),
        "outcome": None
        if outcome is None
        else {"moved": outcome.moved, "refused": outcome.refused_by},
        "passed": plan.passed,
        "is_over": plan.is_over,
        "job": None if job is None else job.id,
    }


def aim_view(aim: Aim) -> dict[str, Any]:
    """Where a redrive goes; both None where each dead letter goes back to its own trigger."""
    return {"to_sink": aim.sink, "to_broker": aim.broker}


def job_view(job: RedriveJob, per_second: float | None) -> dict[str, Any]:
    """A job as it is now; `per_second` as measured, None where nothing goes on."""
    tally = job.tally
    speed = min(job.rate_per_second, per_second) if per_second else job.rate_per_second
    by_group = sorted(job.failed_by_group.items(), key=lambda one: -one[1])
    return {
        "id": job.id,
        "broker": job.broker,
        "state": job.state.value,
        "why": job.why,
        "count": job.count,
        "tally": {
            "started": tally.started,
            "delivered": tally.delivered,
            "failed_again": tally.failed_again,
            "waiting": tally.waiting,
            "refused": job.refused,
            "other": tally.other,
        },
        "left": job.left,
        "refused_by": job.refused_by,
        "failed_by_group": [{"group": group, "count": count} for group, count in by_group],
        "rate": job.rate_per_second,
        **aim_view(job.aim),
        "per_second": None if per_second is None else round(per_second, 2),
        "seconds_left": round(job.left / speed, 1) if job.is_open else None,
        "canary": job.canary,
        "abort_above": job.abort_above,
        "first_attempts": {"done": job.firsts_done, "failed": job.firsts_failed},
        "by": job.by,
        "reason": job.reason,
        "began_at": when(job.began_at),
        "ended_at": when(job.ended_at),
    }
