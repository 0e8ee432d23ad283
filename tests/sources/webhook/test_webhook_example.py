"""The example, run: what is posted and signed lands in its file."""

import asyncio
import json
import time
from pathlib import Path

from tests.deploy.living import living
from tests.sources.webhook.sending import github, post

EXAMPLE = Path(__file__).parents[3] / "deploy" / "examples" / "webhook-source.yaml"
BODY = b'{"action": "opened", "repository": {"full_name": "me/garden"}, "number": 7}'
DEADLINE_SECONDS = 20.0


async def lines_of(file: Path) -> list[str]:
    """Once there is one."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (file.exists() and file.read_text()):
        assert time.monotonic() < deadline, "nothing was written"
        await asyncio.sleep(0.02)
    return file.read_text().splitlines()


async def test_the_example_stores_what_github_posts_and_nothing_forged(tmp_path: Path) -> None:
    secret = "a secret of both"
    (tmp_path / "secret").write_text(secret)
    text = EXAMPLE.read_text().replace("${env:GITHUB_WEBHOOK_SECRET}", "${file:secret}")
    headers = {"content-type": "application/json", "X-GitHub-Event": "issues",
               "X-GitHub-Delivery": "72d3"}  # fmt: skip

    async with living(tmp_path, text) as headrace:
        port, path = headrace.process.ingress[1], "/sources/default/github"
        forged = await post(port, path, {**headers, **github(BODY, "other")}, BODY)
        taken = [await post(port, path, {**headers, **github(BODY, secret)}, BODY) for _ in "12"]
        (line,) = await lines_of(tmp_path / "webhooks.ndjson")

    event = json.loads(line)
    assert [forged.status, *(one.status for one in taken)] == [401, 202, 202]
    assert (event["type"], event["subject"], event["action"]) == (
        "com.github.issues",
        "7",
        "opened",
    )
    assert event["source"] == "https://github.com/me/garden"
    assert secret not in headrace.log.getvalue()
