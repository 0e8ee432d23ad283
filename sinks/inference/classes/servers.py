"""What single servers say in their own way, seen on the wire: rows before those of any server.

KServe 0.21, MLServer 1.7, Triton 2.51, llama-cpp-python 0.3, Transformers 5, LiteLLM 1.106;
the others as their documentation has it.
"""

import re
from collections.abc import Mapping

from broker.delivery import OutcomeClass
from sinks.inference.classes.row import Row, half, one

C = OutcomeClass
_BATCH_MAX = re.compile(r"batch-size must be <= (\d{1,9})")


def _batch_max(text: str, events: int) -> int | None:
    found = _BATCH_MAX.search(text)
    return max(1, int(found[1])) if found else None


KSERVE = (
    Row(503, C.NOT_READY, "is not ready"),
    Row(500, C.SUSPECT),  # a wrong shape, no instances, an exception of the model: all the same
)
MLSERVER = (
    Row(400, C.NOT_READY, "not ready yet"),
    Row(500, C.NOT_READY, "CancelledError"),  # it is stopping
    Row(500, C.SUSPECT, media_type="text/plain"),
)
_EMPTY_400 = Row(400, C.NOT_READY, "")  # MLServer's probe while a model loads
TRITON = (
    Row(400, C.BAD_INPUT, "batch-size must be <=", batch_max=_batch_max),
    Row(400, C.NOT_READY, "not ready"),
    Row(500, C.BAD_INPUT, "failed to parse the request JSON"),
    Row(500, C.BAD_INPUT, "Unable to parse '"),
    Row(500, C.SUSPECT, "Failed to process"),
    Row(503, C.OVERLOAD, "Exceeds maximum queue size"),
    Row(503, C.OVERLOAD, "Request timeout expired"),
    Row(503, C.NOT_READY, "Server exiting"),
)
TFSERVING = (Row(503, C.OVERLOAD),)  # a full batch queue is UNAVAILABLE
TORCHSERVE = (
    Row(503, C.OVERLOAD),
    # Out of memory: a smaller batch may fit; one event does, if others of its size do.
    Row(507, C.OVERLOAD, alone=False, batch_max=half),
    Row(507, C.OVERLOAD, others_succeed=True),
    Row(507, C.BAD_INPUT),
)
OPENAI = (
    Row(404, C.CONFIG, "model"),
    Row(400, C.CONFIG, "Invalid model name"),
    Row(400, C.CONFIG, "no_db_connection"),  # LiteLLM without a database: a wrong key
    Row(429, C.CONFIG, "insufficient_quota"),
    Row(503, C.OVERLOAD),
    Row(500, C.NOT_READY, "Connection error"),  # a proxy whose own model server is away
    Row(500, C.BAD_INPUT, "validation error"),
    # A list of prompts where the server takes one text only.
    Row(400, C.BAD_INPUT, "prompt must be a string", alone=False, batch_max=one),
    Row(500, C.SUSPECT, '{"error":{"message":"","type":"internal', alone=False, batch_max=one),
    Row(415, C.SUSPECT),  # seen under load
)
RAY = (Row(503, C.OVERLOAD, "backpressure"),)

BY_SERVER: Mapping[str, tuple[Row, ...]] = {
    "kserve": KSERVE,
    "mlserver": (_EMPTY_400, *MLSERVER),
    "triton": TRITON,
    "tfserving": TFSERVING,
    "torchserve": TORCHSERVE,
    "openai": OPENAI,
    "vllm": OPENAI,
    "llama": OPENAI,
    "ray": RAY,
    "bentoml": (),
    "litserve": (),
    "generic": (),
}
"""The names that `server` may have, but for `auto`."""

# While nobody knows who answers: what no other server of the protocol says of itself.
BY_PROTOCOL: Mapping[str, tuple[Row, ...]] = {
    "v1": KSERVE[:1],
    "kserve-ce": KSERVE[:1],
    "v2": (*MLSERVER[:2], *TRITON, *KSERVE[:1]),
    "openai": OPENAI,
    "http-json": RAY,
}
