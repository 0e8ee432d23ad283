"""Dead letters that are forgotten within a day are said before they are."""

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.living import BROKER, TRIGGER, event, living

TWO = f"{BROKER}SPEC---{TRIGGER}---{TRIGGER.replace('orders', 'others')}"


@pytest.mark.parametrize(
    ("retention", "expected"), [("PT2H", {"orders": 2, "others": 2}), ("P2D", {})]
)
async def test_the_list_of_triggers_says_how_many_expire(
    tmp_path: Path, retention: str, expected: dict[str, int]
) -> None:
    spec = f"spec: {{deadLetters: {{retention: {retention}}}}}\n"

    async with living(tmp_path, TWO.replace("SPEC", spec)) as headrace:
        await headrace.publish(event(1, "refused"), event(2, "refused"), event(3))
        await headrace.rest("default/orders")
        await headrace.rest("default/others")
        items: list[Any] = (await headrace.get("/api/v1/triggers")).json["items"]
        one = (await headrace.get("/api/v1/triggers/default/orders")).json

    found = {item["name"]: item["expiring_24h"] for item in items if item["expiring_24h"]}
    assert found == {f"default/{name}": count for name, count in expected.items()}
    assert one["expiring_24h"] == expected.get("orders", 0)


def test_the_command_line_warns_of_them(headrace: Any, peer: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("HEADRACE_ADMIN", peer.url)
    item = {"name": "default/a", "expiring_24h": 12}
    peer.script("/api/v1/triggers", 200, {"items": [item], "next": None})

    ran = headrace("triggers")

    assert "12 dead letters of default/a expire within 24 h: redrive or export them" in ran.err
