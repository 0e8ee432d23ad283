"""The schema of `kind: WebhookSource`, and the options that follow from it."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from broker.admission import SYSTEM_TYPES
from broker.errors import Invalid
from deploy.config.mistakes import InvalidValue
from deploy.config.references import has_reference
from deploy.config.schema_delivery import Signing
from deploy.config.schema_parts import PositiveSeconds, Size, Text, attribute_name
from deploy.config.shapes import Judge, Shape
from deploy.config.sources.parts import RESERVED, SourceFields, SourceResource
from sources.webhook.making import EventMaker
from sources.webhook.options import EventTemplate, Style, Verification, WebhookOptions

TOKEN_CHARACTERS_MIN = 16
TOLERANCE_SECONDS = 300.0
TOLERANCE_SECONDS_MAX = 3_600.0
_STYLES: Mapping[str, Style] = {
    "standard_webhooks": "standardWebhooks",
    "github": "github",
    "stripe": "stripe",
    "bearer": "bearer",
}
_TIMED = frozenset({"standard_webhooks", "stripe"})


def _extensions(values: Mapping[str, str]) -> Mapping[str, str]:
    for name in values:
        attribute_name(name)
        if name in RESERVED:
            raise InvalidValue(f"has {name}, which is no extension", remedy="choose another name")
    return values


def _token(text: str) -> str:
    if len(text) < TOKEN_CHARACTERS_MIN and not has_reference(text):
        raise InvalidValue(
            f"has less than {TOKEN_CHARACTERS_MIN} characters, which can be guessed",
            remedy="make one with: openssl rand -hex 32",
        )
    return text


def _tolerance(seconds: float) -> float:
    if seconds > TOLERANCE_SECONDS_MAX:
        raise InvalidValue(
            "is so long that what was overheard could be sent again", remedy="write at most PT1H"
        )
    return seconds


Token = Annotated[str, Judge(_token)]


class TemplateFields(Shape):
    """Texts with places; see `sources.webhook.template`."""

    type: Text
    source: Text | None = None
    subject: Text | None = None
    id: Text | None = None
    time: Text | None = None
    extensions: Annotated[Mapping[str, Text], Judge(_extensions)] = MappingProxyType({})


class SharedSecret(Shape):
    secret: Text
    previous: Text | None = None


class BearerToken(Shape):
    secret: Token
    previous: Token | None = None


class VerifyFields(Shape):
    """Exactly one way."""

    standard_webhooks: Signing | None = None
    github: SharedSecret | None = None
    stripe: SharedSecret | None = None
    bearer: BearerToken | None = None
    tolerance: Annotated[PositiveSeconds, Judge(_tolerance)] = TOLERANCE_SECONDS

    def judge(self) -> None:
        chosen = [name for name in _STYLES if getattr(self, name) is not None]
        if len(chosen) != 1:
            raise InvalidValue(
                "names several ways to verify" if chosen else "names no way to verify",
                remedy=f"write one of {', '.join(_STYLES.values())}",
            )
        if "tolerance" in vars(self) and chosen[0] not in _TIMED:
            what = f"has a tolerance beside {chosen[0]}, which signs no time"
            raise InvalidValue(what, remedy="remove the tolerance")

    def verification(self) -> Verification:
        name = next(name for name in _STYLES if getattr(self, name) is not None)
        keys = getattr(self, name)
        secrets = (keys.secret,) if keys.previous is None else (keys.secret, keys.previous)
        return Verification(_STYLES[name], secrets, self.tolerance)


class WebhookFields(SourceFields):
    template: TemplateFields
    verify: VerifyFields | None = None
    max_bytes: Size = 2**20


class WebhookResource(SourceResource):
    spec: WebhookFields

    def options(self, namespace: str, name: str, folder: Path) -> WebhookOptions:
        fields = self.spec.template
        template = EventTemplate(
            type=fields.type,
            source=fields.source or f"/headrace/sources/{namespace}/{name}",
            subject=fields.subject,
            id=fields.id,
            time=fields.time,
            extensions=dict(fields.extensions),
        )
        verification = None if self.spec.verify is None else self.spec.verify.verification()
        if not has_reference(fields.as_written()):  # checked without resolving: no text to judge
            _judge(template, None if verification is None else verification.style)
        return WebhookOptions(template, verification, self.spec.max_bytes)


def _judge(template: EventTemplate, style: Style | None) -> None:
    """What would be wrong with every event is a mistake now."""
    try:
        if template.type.startswith(SYSTEM_TYPES):
            what = f"begins with {SYSTEM_TYPES}, which is headrace's own"
            raise InvalidValue(what, where="type", remedy="write another type")
        EventMaker(template, style).try_out()
    except Invalid as error:
        field = error.where or "type"
        if field in template.extensions:
            field = f"extensions.{field}"
        remedy = error.remedy or "mend it"
        raise InvalidValue(error.what, where=f"template.{field}", remedy=remedy) from error
