"""The delivery policy, in a Trigger and as a Broker's default; and where a delivery may go."""

import base64
import binascii
from typing import Annotated, Literal

from deploy.config.mistakes import InvalidValue
from deploy.config.references import has_reference
from deploy.config.schema_parts import Name, PositiveSeconds, Seconds, Text
from deploy.config.shapes import Bounds, Judge, Shape
from deploy.config.urls import http_url


def _url(text: str) -> str:
    # Unresolved on purpose (`check --no-resolve`): there is no URL to judge yet.
    return text if has_reference(text) else http_url(text)


def _signing_secret(text: str) -> str:
    if has_reference(text):
        return text
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    # Standard Webhooks: 192 to 512 bits.
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise InvalidValue(
            "is no signing secret",
            remedy="make one with: echo whsec_$(openssl rand -base64 32)",
        )
    return text


Url = Annotated[str, Judge(_url)]
Secret = Annotated[str, Judge(_signing_secret)]


class Reference(Shape):
    """A sink of this configuration; `namespace` is the trigger's own unless given."""

    api_version: Text = "headrace.dev/v1"
    kind: Text
    name: Name
    namespace: Name | None = None


class Destination(Shape):
    ref: Reference | None = None
    uri: Url | None = None

    def judge(self) -> None:
        if self.ref is None and self.uri is None:
            raise InvalidValue(
                "names no destination",
                remedy="write uri: http://host/path, or ref: {kind: InferenceSink, name: …}",
            )


class Signing(Shape):
    secret: Secret
    previous: Secret | None = None


class Delivery(Shape):
    """Every field may be absent: then the broker's counts, then the built-in default."""

    retry: Annotated[int, Bounds(0, 10_000)] = 10
    backoff_policy: Literal["exponential", "linear"] = "exponential"
    backoff_delay: Seconds = 0.2
    backoff_max: PositiveSeconds = 300.0
    timeout: PositiveSeconds = 60.0
    max_age: PositiveSeconds = 86_400.0
    retry_after_max: Seconds = 3_600.0
    dead_letter_sink: Destination | None = None
    format: Literal["binary", "json"] = "binary"
    signing: Signing | None = None
