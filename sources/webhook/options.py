"""What a WebhookSource is configured with: plain values, made by deploy/config."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Style = Literal["standardWebhooks", "github", "stripe", "bearer"]


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """Texts with places such as `{{header:X-GitHub-Event}}`, for each attribute.

    `id` None: what the sender's style has for an id (`sources.webhook.making`).
    """

    type: str
    source: str
    subject: str | None = None
    id: str | None = None
    time: str | None = None
    extensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verification:
    """How a sender proves who it is. `secrets` are the present one and, rotating, the previous.

    `tolerance_seconds` is how far a signed time may be from ours, to either side.
    """

    style: Style
    secrets: tuple[str, ...] = field(repr=False)
    tolerance_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class WebhookOptions:
    """`verification` None: whoever reaches the ingress may send."""

    template: EventTemplate
    verification: Verification | None = None
    body_bytes_max: int = 1024 * 1024  # the broker's own limit counts as well
