"""An import as it is shown, also in the description of the interface."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from deploy.admin.import_plan import ImportPlan
from deploy.admin.views import when

TYPES_MAX = 50

IMPORT: Mapping[str, Any] = {
    "id": "import-260301-093000-3f2a91c0",
    "broker": "default/default",
    "by": "ann",
    "made_at": "2026-03-01T09:30:00.000Z",
    "valid_until": "2026-03-01T10:30:00.000Z",
    "lines": 500,
    "events": 498,
    "bytes": 201_440,
    "by_type": {"order.placed": 498},
    "refused": 1,
    "mistakes": [{"line": 7, "code": "invalid-json", "what": "the line is no JSON object"}],
    "warnings": [{"code": "in-log", "text": "of 20 that were looked for, 20 are in the log"}],
    "acted_at": None,
    "published": 0,
    "known": 0,
}


def import_view(plan: ImportPlan) -> dict[str, Any]:
    """`by_type` has the most frequent; `known` of `published` had been published before."""
    return {
        "id": plan.id,
        "broker": plan.broker,
        "by": plan.by,
        "made_at": when(plan.made_at),
        "valid_until": when(plan.valid_until),
        "lines": plan.lines,
        "events": plan.events,
        "bytes": plan.size_bytes,
        "by_type": dict(Counter(plan.by_type).most_common(TYPES_MAX)),
        "refused": plan.refused,
        "mistakes": [
            {"line": one.line, "code": one.error.code, "what": one.error.what}
            for one in plan.mistakes
        ],
        "warnings": warnings_of(plan),
        "acted_at": when(plan.acted_at),
        "published": plan.published,
        "known": plan.known,
    }


def warnings_of(plan: ImportPlan) -> list[dict[str, str]]:
    found = []
    standing = plan.standing
    if plan.is_repeat:
        text = "the same file was imported a short time ago: what is known is not published again"
        found.append({"code": "repeat", "text": text})
    if standing.still_dead:
        text = (
            f"dead letters of these events that are on the desk: {standing.still_dead:,}; a"
            " redrive delivers them to the trigger that failed, an import to all"
        )
        found.append({"code": "still-dead", "text": text})
    if standing.in_log and not plan.is_repeat:
        text = (
            f"of {standing.sampled} that were looked for, {standing.in_log} are in the log"
            " already: its triggers get them once more"
        )
        found.append({"code": "in-log", "text": text})
    return found
