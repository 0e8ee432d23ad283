"""The protocols by which a model server is asked: a table, a module each."""

from collections.abc import Callable
from datetime import datetime

from broker.codec import Limits
from sinks.inference.classes.judging import Judge
from sinks.inference.classes.learning import Learned
from sinks.inference.protocol import InferenceProtocol
from sinks.inference.protocols.encoding import Encoding
from sinks.inference.protocols.http_json import JsonEncoding
from sinks.inference.protocols.http_protocol import HttpProtocol
from sinks.inference.protocols.kserve_ce import KServeEventEncoding
from sinks.inference.protocols.openai import OpenAiEncoding
from sinks.inference.protocols.v1 import V1Encoding
from sinks.inference.protocols.v2 import V2Encoding
from sinks.inference_spec import InferenceSinkSpec

__all__ = ["PROTOCOLS", "make_protocol"]

Now = Callable[[], datetime]
Make = Callable[[InferenceSinkSpec, Learned, Now], Encoding]


def _v2(spec: InferenceSinkSpec, learned: Learned, _now: Now) -> Encoding:
    is_binary = learned.is_binary if spec.binary == "auto" else spec.binary == "true"
    return V2Encoding(spec, is_binary=is_binary, declared=learned.inputs)


PROTOCOLS: dict[str, Make] = {
    "v1": lambda spec, _learned, _now: V1Encoding(spec),
    "v2": _v2,
    "openai": lambda spec, _learned, _now: OpenAiEncoding(spec),
    "kserve-ce": lambda spec, _learned, now: KServeEventEncoding(spec, now),
    "http-json": lambda spec, _learned, _now: JsonEncoding(spec),
}
"""Protocols over HTTP; `onnx` needs none."""


def make_protocol(
    spec: InferenceSinkSpec,
    now: Now,
    learned: Learned | None = None,
    limits: Limits | None = None,
) -> InferenceProtocol:
    """The protocol of a spec (of one variant: see `of_variant`).

    `learned` is what the server said of itself; make the protocol anew when it says more. Raises
    Invalid where `input`, `path` or `headers` cannot be meant, or do not fit the model.
    """
    known = learned or Learned()
    server = known.server if spec.server == "auto" else spec.server
    judge = Judge(server, spec.protocol, spec.classify)
    encoding = PROTOCOLS[spec.protocol](spec, known, now)
    return HttpProtocol(spec, encoding, judge, now, limits or Limits())
