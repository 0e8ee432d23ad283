"""An answer that is itself a CloudEvent 1.0, as KServe's are and functions' may be."""

from broker.codec import Limits, decode_binary, decode_structured, mode
from broker.errors import Invalid
from broker.event import Event
from sinks.inference.protocol import ModelAnswer

_REQUIRED = ("ce-id", "ce-source", "ce-type")


def answered_event(answer: ModelAnswer, limits: Limits) -> Event | None:
    """The event, None where the answer is none: other versions say nothing to a 1.0 reader.

    MLServer stamps 0.3 on each answer. Source: CloudEvents HTTP protocol binding 3.
    """
    content_type = answer.header("content-type")
    try:
        if mode(content_type.encode("latin-1", "replace") or None) == "structured":
            return decode_structured(answer.body, limits)
        if answer.header("ce-specversion").strip() != "1.0":
            return None
        if not all(answer.header(name) for name in _REQUIRED):
            return None
        headers = [
            (name.encode("ascii"), value.encode("latin-1")) for name, value in answer.headers
        ]
        return decode_binary(headers, answer.body, limits)
    except (Invalid, UnicodeEncodeError):
        return None
