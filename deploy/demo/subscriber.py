"""The demo's subscriber: takes most flowers, refuses one species, stumbles over three."""

from broker.http_message import Answer, BodyPlan, Request, Respond
from deploy.demo.irises import FAILING_IDS, REFUSED_SPECIES

BODY_BYTES_MAX = 1 << 20

TAKEN = Answer(204)
REFUSED = Answer(
    422,
    [(b"content-type", b"application/json")],
    b'{"error":"no glass house for virginica: mend the order or discard it"}',
)
STUMBLED = Answer(
    500, [(b"content-type", b"text/plain")], b"division by zero in petal_area() at line 42"
)


class Subscriber:
    """A route for an HTTP server."""

    def __init__(self) -> None:
        self.taken = 0

    def head(self, request: Request) -> Answer | BodyPlan:
        return BodyPlan(BODY_BYTES_MAX)

    def receive(self, request: Request, respond: Respond) -> None:
        """422 to one species, 500 to three events, 204 to the rest."""
        event_id = (request.header(b"ce-id") or b"").decode()
        species = (request.header(b"ce-subject") or b"").decode()
        if species == REFUSED_SPECIES:
            respond(REFUSED)
        elif event_id in FAILING_IDS:
            respond(STUMBLED)
        else:
            self.taken += 1
            respond(TAKEN)
