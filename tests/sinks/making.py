"""Events and deliveries for tests of sinks."""

from broker.codec import make_event
from broker.delivery import Delivery
from broker.event import Event


def an_event(data: bytes | None = b'{"a":1}', **attributes: str) -> Event:
    """A valid event; an attribute given as empty text is left out."""
    written = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/test",
        "type": "com.example.made",
        "datacontenttype": "application/json" if data is not None else "",
        **attributes,
    }
    return make_event({name: value for name, value in written.items() if value}, data)


def a_delivery(event: Event | None = None, *, number: int = 1, attempt: int = 1) -> Delivery:
    event = an_event(id=f"e-{number}") if event is None else event
    return Delivery(f"delivery{number}", "default/classify", number, attempt, "deliver", event)
