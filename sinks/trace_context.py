"""W3C Trace Context: which trace an event belongs to, and how that is written. Pure."""

import re
from typing import NamedTuple

# Level 1, 3.2: version ff and all-zero ids are invalid; version 00 ends with its flags, a later
# one may go on after a dash, and is read as far as this one goes.
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
    r"(-[\x20-\x7e]{0,512})?"
)
# Level 1, 3.3: the list is passed on as it is, so it need only be fit for a header.
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")
_SAMPLED = 0x01


class TraceContext(NamedTuple):
    """A place in a trace: 32 and 16 lower-case hex digits, and whether it is recorded."""

    trace_id: str
    span_id: str
    is_sampled: bool

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.is_sampled:02x}"


def parse_traceparent(text: str) -> TraceContext | None:
    """The context that `text` names; None where it is no valid traceparent."""
    found = _TRACEPARENT.fullmatch(text)
    if found is None or (found[5] and found[1] == "00"):
        return None
    return TraceContext(found[2], found[3], bool(int(found[4], 16) & _SAMPLED))


def is_tracestate(text: str) -> bool:
    """Whether `text` may be passed on as a tracestate header."""
    return _TRACESTATE.fullmatch(text) is not None
