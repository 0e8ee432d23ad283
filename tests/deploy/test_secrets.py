"""No token, secret or payload of an event is where others could read it."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from broker.http_message import Answer
from deploy.access.roles import Role
from deploy.admin.app import ROUTERS
from deploy.admin.description import api_routes
from tests.deploy.living import ANSWERS, Living, event, living

PAYLOAD = b'{"canary": "payload-canary"}'
ANSWER = b"answer-canary of the sink"
WITHOUT_PLACES = [
    route.path
    for router in ROUTERS
    for route in api_routes(router)
    if "GET" in (route.methods or ()) and "{" not in route.path
]


async def prepared(headrace: Living) -> dict[Role, str]:
    """A token of each role, an event delivered and one dead."""
    book = headrace.process.running.tokens
    assert book is not None
    texts = {Role.ADMIN: (await book.create("admin", Role.ADMIN, None, "local"))[1]}
    for role in list(Role)[:-1]:
        texts[role] = (await book.create(role.word, role, None, "admin"))[1]
    await headrace.publish(event("a", data=PAYLOAD), event("b", "canary", data=PAYLOAD))
    await headrace.rest()
    return texts


async def looked(headrace: Living, text: str) -> str:
    """All that a token may see by looking, as one text."""
    found = []
    headers = {"authorization": f"Bearer {text}"}
    paths = [*WITHOUT_PLACES, "/api/openapi.json", "/api/v1/events/b", "/api/v1/events/b/why",
             "/api/v1/triggers/default/orders"]  # fmt: skip
    for path in paths:
        found.append(await headrace.get(path, **headers))
    letters = (await headrace.get("/api/v1/dead-letters", **headers)).json
    for letter in letters.get("items", []):
        for more in ("", "/why"):
            path = f"/api/v1/dead-letters/{letter['id']}{more}"
            found.append(await headrace.get(path, **headers))
    return "\n".join(f"{got.headers} {got.body.decode(errors='replace')}" for got in found)


@pytest.fixture
def answers() -> Any:
    ANSWERS[b"canary"] = Answer(422, [(b"content-type", b"text/plain")], ANSWER)
    yield
    del ANSWERS[b"canary"]


@pytest.mark.usefixtures("answers")
async def test_tokens_are_in_no_listing_metric_log_or_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    async with living(tmp_path) as headrace:
        texts = await prepared(headrace)
        seen = await looked(headrace, texts[Role.ADMIN])
        for header in (f"Bearer {texts[Role.VIEWER]}x", f"Basic {texts[Role.VIEWER]}", "Bearer ü"):
            got = await headrace.get(
                "/api/v1/brokers", authorization=header.encode().decode("latin-1")
            )
            seen += f"{got.status} {got.body!r}"

    secrets = [text.split("_", 2)[2] for text in texts.values()]
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    told = seen + headrace.log.getvalue() + caplog.text
    assert "access.refused" in headrace.log.getvalue()
    assert [secret for secret in secrets if secret in told or secret.encode() in kept] == []
    assert "payload-canary" not in headrace.log.getvalue() + caplog.text


@pytest.mark.usefixtures("answers")
async def test_a_viewer_without_payload_sees_no_data_and_no_answers(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        texts = await prepared(headrace)
        without = await looked(headrace, texts[Role.VIEWER_WITHOUT_PAYLOAD])
        with_payload = await looked(headrace, texts[Role.VIEWER])

    assert "payload-canary" not in without
    assert "answer-canary" not in without
    assert "payload-canary" in with_payload
    assert "answer-canary" in with_payload


@pytest.mark.usefixtures("answers")
async def test_a_publisher_hears_nothing_of_sinks(tmp_path: Path) -> None:
    async with living(tmp_path) as headrace:
        await prepared(headrace)
        reader, writer = await asyncio.open_connection(*headrace.process.ingress)
        writer.write(
            b"POST /default/default HTTP/1.1\r\nhost: x\r\nconnection: close\r\nce-id: 1\r\n"
            b"ce-type: canary\r\ncontent-length: 0\r\n\r\n"
            b""
        )
        told = await reader.read()
        writer.close()
        await writer.wait_closed()
        sink = next(iter(headrace.process.running.endpoints))

    assert told.startswith(b"HTTP/1.1 400")
    assert sink.startswith("http://")
    assert not [word for word in (b"canary of", sink.encode(), b"127.0.0.1") if word in told]
