"""What the HTTP server itself answers when it takes no request, or no more of one."""

from broker.http_message import Answer
from broker.problem import problem

_AGAIN = [(b"retry-after", b"1")]

NO_ROUTE = problem(
    404, "not-found", "nothing is served at this path", remedy="POST to /{namespace}/{broker}"
)
SERVER_FULL = problem(
    503, "overloaded", "all connections are taken", remedy="try again later", headers=_AGAIN
)
PEER_FULL = problem(
    429, "too-many-connections", "this address has too many connections open",
    remedy="reuse connections", headers=_AGAIN,
)  # fmt: skip
BODIES_FULL = problem(
    503, "overloaded", "too many bodies are on their way", remedy="try again later", headers=_AGAIN
)
HEAD_STALLED = problem(
    408, "head-stalled", "the head did not come in time", remedy="send the request without a pause"
)
BODY_STALLED = problem(
    408, "body-stalled", "the body came too slowly", remedy="send the request without a pause"
)
NOT_ANSWERED = problem(
    503, "not-answered", "no answer could be given in time",
    remedy="send it again; a repeat of a stored event is answered as a duplicate", headers=_AGAIN,
)  # fmt: skip


def too_large(body_bytes_max: int) -> Answer:
    what = f"the body is longer than {body_bytes_max} bytes"
    return problem(413, "too-large", what, remedy="send less at once, or raise the broker's limit")


def broken_chunks(what: str) -> Answer:
    remedy = "send chunks as RFC 9112 7.1 says, without trailers"
    return problem(400, "malformed-request", what[:1].lower() + what[1:], "body", remedy)
