"""Who may not see payload: every page of a bad day, with no word of an event or an answer."""

from pathlib import Path

from deploy.access.roles import Role
from tests.console.scene import bad_day, dead_ids

WORDS = (b"petals", b"come back later", b"blue", b"canary")


async def test_no_page_shows_data_of_events_or_words_of_sinks(tmp_path: Path) -> None:
    statuses, leaks = set(), []

    async with bad_day(tmp_path) as one:
        broker, book = one.process.running.brokers["default/default"], one.process.running.tokens
        assert book is not None
        (letter, *_), (group, *_) = await dead_ids(one), await broker.engine.desk.groups(None, 1)
        await book.create("admin", Role.ADMIN, None, "local")
        _, token = await book.create("eve", Role.VIEWER_WITHOUT_PAYLOAD, None, "admin")
        eve = {"accept": "text/html", "authorization": f"Bearer {token}"}
        sinks = [f"/sinks?name={name}" for name in one.process.running.endpoints]
        for path in (
            "/", "/triggers/default/classify", "/triggers/default/invoices", *sinks,
            "/dead-letters", f"/dead-letters/groups/{group.id}", "/dead-letters/list",
            f"/dead-letters/{letter}", f"/dead-letters/{letter}/data",
            f"/dead-letters/{letter}/edit", f"/dead-letters/{letter}/difference",
            "/dead-letters/list?where=data(%27/petals%27)%20%3D%204", "/events",
            "/events/at?broker=default/default&offset=3", "/jobs", "/audit",
        ):  # fmt: skip
            got = await one.get(path, **eve)
            statuses.add(got.status)
            said = got.body.replace(b"data(&#39;/petals&#39;)", b"")  # the reader's own query
            leaks += [(path, word) for word in WORDS if word in said]

    assert statuses == {200, 403}
    assert leaks == []
