"""The CloudEvents 1.0 codec: bytes to a checked `Event` and back. Pure: no clock, no I/O.

The first step of the walk: the ingress asks `mode` how a message is written and hands it to
`decode_binary`, `decode_structured` or `decode_batch`. Data is never decoded in binary mode
and kept as its very bytes in all modes. What is refused raises Invalid; nothing else is raised,
whatever the input. The codes are stable:

    missing-attribute      id, source, type or specversion is not there
    empty-attribute        one that may not be empty is
    unsupported-specversion  not 1.0
    bad-name               an attribute name outside [a-z0-9]+
    reserved-name          an attribute called data, or ce-datacontenttype as a header
    repeated-attribute     one ce- header (or content-type) twice
    repeated-member        one name twice in a JSON object, in data too
    bad-character          control character, surrogate or noncharacter in a value
    bad-encoding           a header value with broken percent-encoding or UTF-8
    bad-quoting            a header value that opens a double quote and does not close it
    bad-time  bad-source  bad-dataschema  bad-datacontenttype   against RFC 3339, 3986, 2045
    bad-value              an attribute that is no JSON string, boolean or integer
    bad-integer            an integer beyond 32 bits, or a fraction
    data-twice             data beside data_base64
    bad-base64             data_base64 that is no Base64
    data-charset           data as text, declared in a charset other than UTF-8
    invalid-json           syntax, UTF-8, lone surrogate, NaN, Infinity, bytes after the end
    not-an-object  not-an-array   JSON of another shape
    too-deep  too-many-nodes      JSON over the limits
    empty-batch            a batch without an event
    unsupported-format     an application/cloudevents format or charset we do not read (415)
    bad-head               stored bytes that are no event head: the store is damaged

TooLarge has the codes `too-large`, `too-many-events` and `too-many-extensions`; InvalidBatch is
always `invalid-batch`, its entries carry the codes above.
"""

from broker.codec.attributes import make_event, with_attributes
from broker.codec.batch import decode_batch
from broker.codec.binary import decode_binary, decode_stored
from broker.codec.limits import Limits
from broker.codec.modes import Mode, mode
from broker.codec.structured import decode_structured, encode_line, encode_structured

__all__ = [
    "Limits",
    "Mode",
    "decode_batch",
    "decode_binary",
    "decode_stored",
    "decode_structured",
    "encode_line",
    "encode_structured",
    "make_event",
    "mode",
    "with_attributes",
]
