"""What answers mean where nothing more is known of who gave them.

The first fitting row counts. Sources: RFC 9110 15; Knative Serving's queue proxy.
"""

from broker.delivery import OutcomeClass
from sinks.inference.classes.row import Row, half

C = OutcomeClass

ANY = (
    # An activator in front (Knative, KEDA): full, or given up while the model starts.
    Row(503, C.OVERLOAD, "pending request queue full"),
    Row(504, C.NOT_READY, waking=True),
    Row(413, C.BAD_INPUT, alone=False, batch_max=half),
    *(Row(status, C.BAD_INPUT) for status in (400, 413, 422)),
    *(Row(status, C.CONFIG) for status in (401, 403, 405, 410, 415, 501)),
    Row(range(300, 400), C.CONFIG),  # a POST is not followed elsewhere
    Row(404, C.CONFIG, '{"detail":"Not Found"}'),  # the path is wrong, not the model
    Row(404, C.NOT_READY, is_missing=True),
    *(Row(status, C.TRANSIENT) for status in (408, 409, 499, 504)),
    Row(429, C.OVERLOAD),
    Row(502, C.NOT_READY),
    Row(503, C.OVERLOAD, retry_after=True),
    Row(503, C.NOT_READY),
    Row(range(500, 1000), C.SUSPECT),
    Row(range(100, 200), C.SUSPECT),
    Row(range(400, 500), C.BAD_INPUT),
)
