"""The route below /sources/: who is found, who is not, and who does not run."""

import orjson
import pytest

from broker.clock import SteadyClock
from broker.http_message import Answer, BodyPlan, Request, Respond
from broker.http_server import HttpServer
from deploy.sources.receiving import Passage, SourceRoute
from tests.sources.webhook.sending import post, request


class Counter:
    """Implements Receiver: takes POST of at most 10 bytes, and answers 202 with its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.plan = BodyPlan(10)
        self.bodies: list[bytes] = []

    def head(self, request: Request) -> Answer | BodyPlan:
        return self.plan if request.method == b"POST" else Answer(405, [(b"allow", b"POST")])

    def receive(self, request: Request, respond: Respond) -> None:
        assert request.plan is self.plan
        self.bodies.append(request.body)
        respond(Answer(202, [(b"x-name", self.name.encode())]))


def serving(**receivers: Counter | None) -> SourceRoute:
    route = SourceRoute()
    route.serve({f"n/{name}": receiver for name, receiver in receivers.items()})
    return route


def status(route: SourceRoute, target: bytes, method: bytes = b"POST") -> int:
    """Of the answer from the head; 100 where the body may follow."""
    judged = route.head(request({}, method=method, target=target))
    return judged.status if isinstance(judged, Answer) else 100


@pytest.mark.parametrize("target", [b"/sources/n/a", b"/sources/n/a?token=x", b"/sources/n/a?"])
def test_a_receiver_is_found_by_its_name_whatever_the_query(target: bytes) -> None:
    assert status(serving(a=Counter("a")), target) == 100


@pytest.mark.parametrize(
    "target",
    [
        b"/sources/", b"/sources/n", b"/sources/n/", b"/sources/n/a/", b"/sources/n/a/b",
        b"/sources//n/a", b"/sources/n/b", b"/sources/n/%61", b"/sources/N/A", b"/n/a",
        b"/sources/../sources/n/a", b"/sources/n/a;b", b"/sources/\xff/a",
    ],
)  # fmt: skip
def test_any_other_path_is_unknown_and_the_answer_names_no_source(target: bytes) -> None:
    route = serving(a=Counter("a"), secret=Counter("secret"))

    judged = route.head(request({}, target=target))

    assert isinstance(judged, Answer)
    told = orjson.loads(judged.body)
    assert (judged.status, told["code"]) == (404, "unknown-source")
    assert "secret" not in str(told)


def test_one_that_does_not_run_is_asked_again_later() -> None:
    judged = serving(a=None).head(request({}, target=b"/sources/n/a"))

    assert isinstance(judged, Answer)
    assert (judged.status, dict(judged.headers)[b"retry-after"]) == (503, b"10")


def test_before_the_sources_have_started_no_path_is_called_wrong() -> None:
    assert status(SourceRoute(), b"/sources/n/a") == 503


def test_the_receiver_itself_judges_the_method() -> None:
    assert status(serving(a=Counter("a")), b"/sources/n/a", b"GET") == 405


def test_a_request_under_way_keeps_the_receiver_it_began_with() -> None:
    old, new = Counter("old"), Counter("new")
    route = serving(a=old)
    under_way = request({}, b"body", target=b"/sources/n/a")
    under_way.plan = judged = route.head(under_way)  # type: ignore[assignment]

    route.serve({"n/a": new})
    route.receive(under_way, lambda answer: None)

    assert isinstance(judged, Passage)
    assert (old.bodies, new.bodies) == ([b"body"], [])


async def test_bodies_over_the_receivers_bound_are_refused_by_the_server() -> None:
    receiver = Counter("a")
    server = HttpServer({"/": serving(), "/sources/": serving(a=receiver)}, SteadyClock())
    _, port = await server.start("127.0.0.1", 0)

    answers = [await post(port, "/sources/n/a", {}, b"x" * size) for size in (10, 11)]
    server.close()

    assert [answer.status for answer in answers] == [202, 413]
    assert (receiver.bodies, b"x-name: a" in answers[0].head) == ([b"x" * 10], True)
