"""A headrace on a bad day, for pages to show: dead, parked, paused, late and well, all at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from broker.event import Event
from broker.http_message import Answer
from tests.deploy.living import BROKER, Living, Subscriber, event, living

TRIGGER = """---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {{name: {name}}}
spec:
  broker: default
  filters: [{{prefix: {{type: "{prefix}"}}}}]
  subscriber: {{uri: "${{env:SUBSCRIBER}}{path}"}}
  delivery: {{retry: {retry}, backoffDelay: {delay}, backoffMax: PT1H, timeout: PT10S}}
  paused: {paused}
"""
PING = """---
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: {name: every-minute}
spec: {schedule: "* * * * *", data: '{"tick": true}'}
"""
REFUSED = Answer(422, [(b"content-type", b"application/json")], b'{"error": "no field petals"}')
BUSY = Answer(503, [(b"content-type", b"text/plain")], b"come back later")
FLOWERS, LATER, WAITING, WELL = 12, 5, 30, 40
JSON = "application/json"


def trigger(
    name: str, prefix: str, retry: int = 0, delay: str = "PT1H", paused: str = "false"
) -> str:
    return TRIGGER.format(
        name=name, prefix=prefix, path=name, retry=retry, delay=delay, paused=paused
    )


CONFIGURATION = (
    BROKER
    + trigger("classify", "flower.")
    + trigger("invoices", "invoice.", retry=5)
    + trigger("nightly-report", "report.", paused="true")
    + trigger("archive", "note.")
    + PING
)


def events() -> list[Event]:
    flower = b'{"petals": null, "colour": "blue", "sizes": [1.50, 2, 3]}'
    some = [
        event(f"flower-{n}", "flower.seen", flower, subject=f"bed-{n}", datacontenttype=JSON)
        for n in range(FLOWERS)
    ]
    some += [event(f"invoice-{n}", "invoice.due") for n in range(LATER)]
    some += [event(f"report-{n}", "report.wanted") for n in range(WAITING)]
    return some + [event(f"note-{n}", "note.written") for n in range(WELL)]


@asynccontextmanager
async def bad_day(folder: Path, more: str = "", **options: Any) -> AsyncIterator[Living]:
    """Running, with `FLOWERS` dead, `LATER` parked, `WAITING` behind a pause, `WELL` delivered.

    `more` is added to its YAML.
    """
    subscriber = Subscriber()
    subscriber.answers[b"invoice.due"] = BUSY
    async with living(folder, CONFIGURATION + more, subscriber, **options) as one:
        good = b'{"petals": 5, "colour": "blue"}'
        await one.publish(event("flower-good", "flower.seen", good, datacontenttype=JSON))
        await one.rest("default/classify")
        subscriber.answers[b"flower.seen"] = REFUSED  # the model is new, and stricter
        await one.publish(*events())
        for name in ("classify", "invoices", "archive"):
            await one.rest(f"default/{name}")
        yield one


async def dead_ids(one: Living) -> list[str]:
    """Of all that is dead, newest first."""
    broker = one.process.running.brokers["default/default"]
    page = await broker.engine.desk.page((), None, 100)
    await asyncio.sleep(0)
    return [letter.id for letter in page.items]


def url_of(one: Living) -> str:
    return f"http://{one.process.admin}"
