"""While too much waits for its commit, the rest is refused undecoded and a little later."""

import asyncio

from broker.errors import Overloaded
from broker.http_message import Answer, Request
from broker.ingress import Ingress
from broker.intake_options import IntakeOptions
from broker.shedding import Shedding
from tests.broker.door import Door, event, open_door, until

FULL = IntakeOptions(waiting_events_max=2)


async def full_door() -> Door:
    door = await open_door(FULL)
    door.accept(event("1"), event("2"))
    door.accept(event("3"))
    return door


async def test_once_one_was_refused_the_next_are_until_something_leaves() -> None:
    door = await open_door(FULL)
    door.accept(event("1"), event("2"))
    assert door.intake.shed() is None

    door.accept(event("3"))
    refused = door.intake.shed()
    door.log.commit()

    assert isinstance(refused, Overloaded)
    assert door.intake.counts.refused == {"overloaded": 2}
    assert door.intake.shed() is None


async def test_a_request_at_a_full_door_is_neither_decoded_nor_answered_at_once() -> None:
    door = await full_door()
    ingress, answers = Ingress({"n/b": door.intake}), list[Answer]()
    request = Request(b"POST", b"/n/b", [(b"content-type", b"application/cloudevents+json")], 1)
    request.content_type = b"application/cloudevents+json"
    request.plan = ingress.head(request)  # type: ignore[assignment]
    request.body = b"no JSON"

    ingress.receive(request, answers.append)

    assert (answers, request.body) == ([], b"")
    await until(lambda: answers)
    assert (answers[0].status, dict(answers[0].headers)[b"retry-after"].isdigit()) == (503, True)


async def test_refusals_are_told_in_order_and_none_before_its_time() -> None:
    shedding, told = Shedding(wait_seconds=0.03), list[tuple[str, float]]()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for name in ("a", "b", "c"):
        shedding.tell_later(lambda _, name=name: told.append((name, loop.time())), Overloaded("no"))  # type: ignore[misc]

    await until(lambda: len(told) == 3)

    assert [name for name, _ in told] == ["a", "b", "c"]
    assert min(at for _, at in told) - began >= 0.03 - 0.026
    assert told[-1][1] - began < 30.0
