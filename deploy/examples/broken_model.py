"""The model of broken-morning.yaml: orders, a version that fails in five ways, and its mending.

Each mistake shows in the order that meets it, so that comparing it with one that was scored
tells the cause. Pure; `broken_server` serves it.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from broker.codec import make_event
from broker.event import Event

PLACED, SCORED = "com.example.order.placed", "com.example.order.scored"
CAUSES = ("text amount", "empty cart", "new country", "business", "large cart")
SHARES = (40, 25, 20, 10, 5)  # of each hundred dead letters
GOOD_SHARE = 0.01  # beside those that die: orders that every version takes
WRONG_EVERY = 1_000  # one of so many that die is wrong itself, and no version takes it
LARGE_ITEMS = 200


def night(count: int, seed: int) -> Iterator[Event]:
    """The orders of a night: `count` that version 7 fails at, and some between that it takes."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    for number in range(1, count + 1):
        cause = chance.choices(CAUSES, SHARES)[0]
        # In the middle of its thousand: a canary of the first few does not meet it.
        is_wrong = number % WRONG_EVERY == WRONG_EVERY // 2
        data = order(number, chance, CAUSES[0] if is_wrong else cause)
        yield _placed(f"{seed}-{number}", data | ({"amount": "unknown"} if is_wrong else {}))
        if chance.random() < GOOD_SHARE:
            yield _placed(f"{seed}-{number}-good", order(number, chance, None))


def order(number: int, chance: random.Random, cause: str | None) -> dict[str, Any]:
    """One order as its shop sent it; without a cause, one that version 7 takes too."""
    amount = round(chance.uniform(5, 500), 2)
    made = {
        "order": number,
        "customer": f"c-{chance.randint(1, 5_000)}",
        "tier": "business" if cause == "business" else "private",
        "country": "ch" if cause == "new country" else chance.choice(("de", "fr", "it")),
        "items": chance.randint(1, 9),
        "amount": f"{amount:.2f}" if cause == "text amount" else amount,
    }
    if cause == "empty cart":
        made["items"] = 0  # a voucher
    elif cause == "large cart":
        made["items"] = chance.randint(LARGE_ITEMS, 900)
    return made


def _placed(name: str, data: dict[str, Any]) -> Event:
    attributes = {"specversion": "1.0", "id": f"order-{name}", "source": "/shop", "type": PLACED}
    more = {"subject": str(data["customer"]), "datacontenttype": "application/json"}
    return make_event(attributes | more, json.dumps(data).encode())


@dataclass(frozen=True, slots=True)
class Said:
    """A score, or a status with words; status 0: the connection breaks off."""

    status: int = 200
    words: str = ""
    score: float | None = None


def version_8(data: dict[str, Any]) -> Said:
    """The mended one: takes all but an amount that is no number in any spelling."""
    try:
        amount = float(data["amount"])
    except (TypeError, ValueError):
        return Said(422, f"amount must be a number, and is {data['amount']!r}")
    return Said(score=round(min(1.0, amount / 500 + data["items"] / 1_000), 3))


def version_7(data: dict[str, Any]) -> Said:
    """The broken one: five mistakes."""
    if isinstance(data["amount"], str):
        return Said(422, f"amount must be a number, and is {data['amount']!r}")
    if data["items"] == 0:
        return Said(500, "ZeroDivisionError: float division by zero (features.py, line 88)")
    if data["country"] == "ch":
        return Said(404, "model fraud-ch has no version 7")
    if data["tier"] == "business":
        return Said(503, "model fraud-business is still loading")
    return Said(0) if data["items"] >= LARGE_ITEMS else version_8(data)
