"""What an operator asks of the desk, by the API and by its pages."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from broker.storage.condition import encode_cursor
from tests.bench.large_desk import TYPES, large_causes, letter_id, tail_causes
from tests.bench.program import BenchFailed

LETTERS = "/api/v1/dead-letters"
GROUPS = "/api/v1/dead-letter-groups"
PATIENCE_SECONDS = 60.0

# By class: names of kinds. What holds of a class must hold of the kinds in it.
KINDS: Mapping[str, tuple[str, ...]] = {
    "list": ("list", "list_deep"),
    "query": (
        "query_trigger", "query_reason", "query_group", "query_dead_at", "query_type",
        "query_several", "query_state", "query_id", "query_rare", "query_subject",
    ),
    "rows": ("rows_some", "rows_none"),
    "groups": ("groups", "groups_trigger", "groups_state", "group"),
    "pages": ("page_groups", "page_group", "page_list", "page_query", "page_letter"),
}  # fmt: skip
Making = Callable[[random.Random], str]


def questions(letters: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """(kind, path), for ever; of a desk that was filled with so many."""
    makings = _makings(letters)
    while True:
        for name, make in makings.items():
            yield name, make(chance)


def _makings(letters: int) -> Mapping[str, Making]:
    causes = (*large_causes(), *tail_causes(letters))
    large = large_causes()

    def letter(chance: random.Random) -> str:
        return letter_id(chance.randint(1, letters))

    def trigger(chance: random.Random) -> str:
        return f"trigger = '{chance.choice(large).trigger}'"

    def where(text: str, path: str = LETTERS) -> str:
        return f"{path}?where={quote(text, safe='')}"

    def deep(chance: random.Random) -> str:
        dead_at = datetime.now(UTC) - chance.random() * timedelta(days=5)
        return f"{LETTERS}?cursor={encode_cursor(dead_at, letter(chance))}"

    return {
        "list": lambda _: LETTERS,
        "list_deep": deep,
        "query_trigger": lambda chance: where(trigger(chance)),
        "query_reason": lambda chance: where(f"reason = '{chance.choice(large).reason}'"),
        "query_group": lambda chance: where(f"group = '{chance.choice(causes).group}'"),
        "query_dead_at": lambda chance: where(f"dead_at < ago('P{chance.randint(1, 9)}D')"),
        "query_type": lambda chance: where(f"type = '{chance.choice(TYPES)}'"),
        "query_several": lambda chance: where(
            f"{trigger(chance)} AND reason = 'refused' AND state = 'dead'"
            f" AND dead_at > ago('PT{chance.randint(1, 200)}H')"
        ),
        "query_state": lambda _: where("state = 'delivered'"),
        "query_id": lambda chance: where(f"ce.id = 'order-{chance.randint(1, letters)}'"),
        "query_rare": lambda chance: where(f"{trigger(chance)} AND status = 418"),
        "query_subject": lambda chance: where(f"subject = 'customer-{chance.randint(0, 9972)}'"),
        "rows_some": lambda _: where("data('/country') = 'se'"),
        "rows_none": lambda _: where("data('/country') = 'us'"),
        "groups": lambda _: f"{GROUPS}?limit=100",
        "groups_trigger": lambda chance: f"{GROUPS}?trigger={chance.choice(large).trigger}",
        "groups_state": lambda _: f"{GROUPS}?state=resolved",
        "group": lambda chance: f"{GROUPS}/{chance.choice(causes).group}",
        "page_groups": lambda _: "/dead-letters",
        "page_group": lambda chance: f"/dead-letters/groups/{chance.choice(large).group}",
        "page_list": lambda _: "/dead-letters/list",
        "page_query": lambda chance: where(trigger(chance), "/dead-letters/list"),
        "page_letter": lambda chance: f"/dead-letters/{letter(chance)}",
    }


async def ask(port: int, method: str, path: str, body: bytes = b"") -> bytes:
    """The body of a 200. Raises BenchFailed for anything else."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        writer.write(f"{head}{kind}\r\n".encode() + body)
        answer = await reader.read()
        writer.close()
    head_bytes, _, content = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head_bytes[:16]:
        raise BenchFailed(f"{method} {path} answered {answer[:500]!r}")
    return content
