"""Things as the description of the interface shows them: a broker, a dead letter, a story."""

MOMENT = "2026-03-01T09:30:00.000Z"
BROKER = {
    "name": "default/default",
    "state": "ready",
    "failure": None,
    "events": 1204,
    "log_bytes": 482113,
    "file_bytes": 1048576,
    "backlog": 3,
    "oldest_stored_at": MOMENT,
    "accepted": 1204,
    "duplicates": 2,
    "refused": 0,
    "dead_letters": 1,
}
TRIGGER = {
    "name": "default/classify",
    "broker": "default/default",
    "state": "following",
    "backlog": 3,
    "oldest_stored_at": MOMENT,
    "in_flight": 3,
    "parked": 1,
    "waiting": 0,
    "dead": 1,
    "expiring_24h": 0,
    "delivered": 1199,
    "matched": 1204,
    "sink": "https://orders.example/in",
    "sink_state": "ready",
    "last_error": "transient: 503 from the sink",
}
SINK = {
    "name": "https://orders.example/in",
    "state": "ready",
    "in_flight": 3,
    "failures": 2,
    "triggers": ["default/classify"],
}
MODEL = {
    "protocol": "v1",
    "url": "http://iris:8080",
    "model": "iris",
    "calls": {"in_flight": 2, "limit": 3, "most": 32, "retries": 0, "seconds": 0.034},
    "weights": None,
    "variants": [
        {
            "name": "",
            "weight": None,
            "state": "ready",
            "message": None,
            "held_seconds": 0.0,
            "calls": 40,
            "ok": 1199,
            "failed": 1,
            "seconds_mean": 0.036,
            "seconds_p95": 0.05,
            "records_mean": 30.0,
            "records_limit": 64,
            "records_most": 64,
            "bisects": 6,
            "wakes": 1,
            "cold_start_seconds": 41.2,
        }
    ],
    "holds": [
        {
            "variant": "",
            "began_at": MOMENT,
            "seconds": 41.9,
            "wakes": 3,
            "message": "the model answered 503",
        }
    ],
    "errors": [],
}
SOURCE = {
    "name": "default/orders",
    "kind": "KafkaSource",
    "state": "retrying",
    "connected": False,
    "broker": "default/default",
    "sink": "default/default",
    "lag": 312,
    "rate_per_second": 20.5,
    "events": 1204,
    "duplicates": 0,
    "refused": 1,
    "errors": 3,
    "position": "orders: 0=1204 1=998",
    "last_event_at": MOMENT,
    "last_error": {
        "code": "unavailable",
        "message": "no broker of kafka.example:9092 answers",
        "remedy": "see that it runs, and that bootstrapServers names it",
        "at": MOMENT,
    },
    "retry_at": MOMENT,
}
EVENT = {
    "offset": 1204,
    "stored_at": MOMENT,
    "broker": "default/default",
    "id": "a-17",
    "type": "order.placed",
    "source": "/shop",
    "subject": None,
    "time": None,
    "datacontenttype": "application/json",
    "size_bytes": 311,
}
LETTER = {
    "id": "3nq6u7a2w4c5d6e7",
    "trigger": "default/classify",
    "broker": "default/default",
    "sink": "https://orders.example/in",
    "reason": "attempts",
    "class": "transient",
    "status": 503,
    "attempts": 6,
    "state": "dead",
    "group": "abcdefgh12345678",
    "stored_at": MOMENT,
    "dead_at": MOMENT,
    "event": {"id": "a-17", "type": "order.placed", "source": "/shop", "specversion": "1.0"},
}
GROUP = {
    "id": "abcdefgh12345678",
    "trigger": "default/classify",
    "sink": "https://orders.example/in",
    "class": "transient",
    "status": 503,
    "reason": "attempts",
    "pattern": "<number> Service Unavailable",
    "count": 41,
    "share": 0.82,
    "total": 57,
    "first_at": MOMENT,
    "last_at": MOMENT,
    "example": "3nq6u7a2w4c5d6e7",
    "state": "acknowledged",
    "is_regressed": False,
    "note": "the model was rolled back",
    "owner": "ann",
    "changed_at": MOMENT,
    "changed_by": "ann",
    "hourly": [0] * 21 + [12, 40, 5],
    "hourly_max": 20_000,
}
MOVED = {"count": 1, "moved": ["3nq6u7a2w4c5d6e7"], "refused": []}
CLAUSE = {
    "path": "filters[0].exact.type",
    "asks": "type = 'order.placed'",
    "holds": True,
    "seen": {"type": "order.placed"},
}
EXPLANATION = {"matched": True, "deciding": CLAUSE, "clauses": CLAUSE}
STORY = {
    "event": EVENT,
    "causes": [],
    "triggers": [
        {
            "trigger": "default/classify",
            "revision": 1,
            "clause": CLAUSE,
            "where": "parked",
            "says": "parked until its second attempt",
            "attempt": 2,
            "attempts": [],
        }
    ],
    "matched": 1,
    "not_matched": [],
    "unmatched": 0,
    "replies": [],
    "is_cut": False,
}
TOKEN = {
    "name": "ci",
    "role": "operator",
    "state": "usable",
    "prefix": "hr_5f0c2a91d3e7",
    "created_at": MOMENT,
    "expires_at": "2026-05-30T09:30:00.000Z",
    "revoked_at": None,
    "last_used_at": None,
}
ACT = {
    "number": 12,
    "at": MOMENT,
    "by": "ci",
    "verb": "tokens.create",
    "detail": "dashboard (viewer)",
    "count": 1,
    "reason": "",
    "broker": None,
}
