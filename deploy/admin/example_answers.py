"""Answers to show in the description of the interface, for routes that show none themselves."""

from collections.abc import Mapping
from typing import Any

from broker.problem import PROBLEM_TYPE
from deploy.admin.examples import (
    ACT,
    BROKER,
    EVENT,
    EXPLANATION,
    GROUP,
    LETTER,
    MODEL,
    MOVED,
    SINK,
    SOURCE,
    STORY,
    TOKEN,
    TRIGGER,
)


def listing(item: Mapping[str, Any]) -> dict[str, Any]:
    """A list of one, which is all of it."""
    return {"items": [item], "next": None}


ANSWERS: Mapping[str, Any] = {
    "GET /api/v1/brokers": listing(BROKER),
    "GET /api/v1/triggers": listing(TRIGGER),
    "GET /api/v1/triggers/{namespace}/{name}": {**TRIGGER, "revision": 1, "cursor": 1201},
    "GET /api/v1/sinks": listing(SINK),
    "GET /api/v1/sources": listing(SOURCE),
    "GET /api/v1/sources/{namespace}/{name}": {**SOURCE, "detail": "kafka 4.1", "pause": None},
    "GET /api/v1/events": listing(EVENT),
    "GET /api/v1/events/{id}": listing({**EVENT, "data": '{"total": 3}'}),
    "GET /api/v1/dead-letters": {**listing(LETTER), "looked": 5000, "of": 12044},
    "GET /api/v1/dead-letters/{id}": LETTER,
    "GET /api/v1/dead-letter-groups": listing(GROUP),
    "GET /api/v1/tokens": listing(TOKEN),
    "GET /api/v1/brokers/{namespace}/{name}": {**BROKER, "triggers": ["default/classify"]},
    "GET /api/v1/sink": {
        **SINK,
        "backlog": 12,
        "failures_by_class": {"transient": 2},
        "last_errors": [],
        "model": MODEL,
    },
    "GET /api/v1/events/{id}/why": STORY,
    "POST /api/v1/explain": {"trigger": "default/classify", "revision": 1, **EXPLANATION},
    "GET /api/v1/dead-letters/{id}/why": {
        **LETTER,
        "then": {"in_log": True, "principal": "anonymous", "filter": EXPLANATION},
        "today": {"revision": 2, "matches": True, "filter": EXPLANATION},
    },
    "POST /api/v1/dead-letters/redrive": MOVED,
    "POST /api/v1/dead-letters/discard": MOVED,
    "POST /api/v1/dead-letters/restore": MOVED,
    "POST /api/v1/dead-letters/states": {"states": {"3nq6u7a2w4c5d6e7": "redriving"}},
    "POST /api/v1/tokens": {**TOKEN, "token": "hr_5f0c2a91d3e7_(shown this once)"},
    "POST /api/v1/tokens/{name}/revoke": {**TOKEN, "state": "revoked", "revoked": True},
    "GET /api/v1/audit": listing(ACT),
}


def problem_example(status: int) -> dict[str, Any]:
    """A refusal as it looks, by its status."""
    code, detail, remedy = PROBLEMS[status]
    return {
        "type": PROBLEM_TYPE + code,
        "title": TITLES[status],
        "status": status,
        "code": code,
        "detail": detail,
        "remedy": remedy,
    }


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    503: "Service Unavailable",
}
PROBLEMS = {
    400: ("bad-parameter", "limit is no number", "write a whole number"),
    401: ("unauthorized", "this takes a token", "send Authorization: Bearer with a token"),
    403: ("forbidden", "ci has the role viewer, and this takes operator", "ask with another token"),
    404: ("not-found", "no trigger default/x", "headrace triggers lists them"),
    409: ("name-taken", "there is or was a token ci", "choose another"),
    413: ("too-large", "the body has more than 1048576 bytes", "send less at once"),
    415: ("unsupported-format", "a verb takes JSON", "send content-type: application/json"),
    503: ("store-failed", "the store has stopped", "try again"),
}
