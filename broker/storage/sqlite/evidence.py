"""Attempts as a store keeps them: JSON, bodies in base64, equal bodies once."""

from base64 import b64decode, b64encode
from collections.abc import Sequence

import orjson

from broker.clock import from_milliseconds, to_milliseconds
from broker.delivery import Attempt


def pack_attempts(attempts: Sequence[Attempt]) -> str:
    """Text for a column; `unpack_attempts` is its inverse, times to the millisecond."""
    if not attempts:
        return ""
    bodies: dict[bytes, int] = {}
    rows = [
        (
            attempt.number,
            to_milliseconds(attempt.started_at),
            attempt.duration_seconds,
            attempt.outcome_class,
            attempt.status,
            attempt.message,
            attempt.phase,
            attempt.headers,
            bodies.setdefault(attempt.body, len(bodies)),
            attempt.wait_seconds,
            attempt.why,
            *((attempt.sink,) if attempt.sink else ()),
        )
        for attempt in attempts
    ]
    return orjson.dumps((rows, [b64encode(body).decode() for body in bodies])).decode()


def unpack_attempts(text: str) -> tuple[Attempt, ...]:
    if not text:
        return ()
    rows, packed = orjson.loads(text)
    bodies = [b64decode(body) for body in packed]
    return tuple(
        Attempt(
            number=number,
            started_at=from_milliseconds(started),
            duration_seconds=duration,
            outcome_class=outcome_class,
            status=status,
            message=message,
            phase=phase,
            headers=tuple((name, value) for name, value in headers),
            body=bodies[body],
            wait_seconds=wait,
            why=why,
            sink=sink[0] if sink else "",
        )
        for (
            number, started, duration, outcome_class, status, message,
            phase, headers, body, wait, why, *sink,
        ) in rows
    )  # fmt: skip
