"""Of an InferenceSink: how much, how long and how patiently; who calls; which variants."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from deploy.config.mistakes import InvalidValue
from deploy.config.schema_delivery import Url
from deploy.config.schema_inference_mapping import Path
from deploy.config.schema_parts import Count, Name, PositiveSeconds, Rate, Seconds, Size, Text
from deploy.config.shapes import Bounds, Judge, Read, Shape

Calls = Annotated[int, Bounds(1, 1_000)]
CountOrOff = Annotated[int, Bounds(0, 1_000_000)]


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidValue("is no share", remedy="write a number from 0 to 1")
    return float(value)


def _cron(text: str) -> str:
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError  # only where somebody keeps a model warm

    try:
        CronSim(text, datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        remedy = "write minute, hour, day, month, weekday, such as '*/5 8-18 * * 1-5'"
        raise InvalidValue("is no cron expression", remedy=remedy) from error
    return text


Share = Annotated[float, Read(_share)]


class BatchFields(Shape):
    max_records: Count | None = None
    max_bytes: Size = 4_194_304
    adaptive: bool = True
    max_delay: Seconds = 0.0
    target_latency: PositiveSeconds = 1.0
    wrap: Path | None = None


class LimitFields(Shape):
    max_in_flight: Calls | None = None
    initial_in_flight: Calls = 2
    max_retries_in_flight: Calls | None = None
    max_connections: Calls | None = None
    rate: Rate = None
    tokens_per_minute: Annotated[int, Bounds(1, 1_000_000_000)] | None = None
    max_request_bytes: Size = 6_291_456
    max_response_bytes: Size = 16_777_216
    suspect_retries: Annotated[int, Bounds(0, 100)] = 2


class TimeoutFields(Shape):
    connect: PositiveSeconds = 5.0
    probe: PositiveSeconds = 2.0
    attempt: PositiveSeconds | None = None
    first_byte: PositiveSeconds | None = None
    idle: PositiveSeconds = 60.0


class WakeFields(Shape):
    min_events: Count = 1
    max_wait: Seconds = 0.0


class HoldFields(Shape):
    initial: PositiveSeconds = 0.2
    max: PositiveSeconds = 30.0
    jitter: Share = 0.2
    max_hold: PositiveSeconds = 86_400.0
    not_found_grace: Seconds = 600.0
    wake_timeout: PositiveSeconds = 300.0
    wake_with: Literal["event", "probe", "auto"] = "auto"
    assume_asleep_after: PositiveSeconds | None = None
    wake: WakeFields = WakeFields()
    keep_warm: Annotated[Text, Judge(_cron)] | None = None

    def judge(self) -> None:
        if self.max < self.initial:
            raise InvalidValue("has a max below its initial", remedy="raise max, or lower initial")


class BreakerFields(Shape):
    consecutive: CountOrOff = 5
    ratio: Share = 0.5
    min_calls: Count = 20
    window: PositiveSeconds = 30.0
    bad_inputs: CountOrOff = 20
    open_for: PositiveSeconds = 1.0
    open_max: PositiveSeconds = 30.0

    def judge(self) -> None:
        if self.open_max < self.open_for:
            what = "has an openMax below its openFor"
            raise InvalidValue(what, remedy="raise openMax, or lower openFor")


class ScaleFields(Shape):
    target_concurrency: Calls = 4
    drain: PositiveSeconds = 60.0
    min: CountOrOff = 0
    max: Count = 100

    def judge(self) -> None:
        if self.max < self.min:
            raise InvalidValue("has a max below its min", remedy="raise max, or lower min")


class BasicFields(Shape):
    username: Text
    password: Text


class OAuth2Fields(Shape):
    token_url: Url
    client_id: Text
    client_secret: Text
    audience: Text | None = None
    scope: Text | None = None


class AuthFields(Shape):
    """Exactly one."""

    bearer: Text | None = None
    basic: BasicFields | None = None
    oauth2: OAuth2Fields | None = None

    def judge(self) -> None:
        if len(vars(self)) != 1:
            raise InvalidValue("needs exactly one key", remedy="write one of bearer, basic, oauth2")


class TlsFields(Shape):
    ca_file: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None
    server_name: Text | None = None
    verify: bool = True

    def judge(self) -> None:
        if (self.cert_file is None) != (self.key_file is None):
            what = "has one of certFile and keyFile"
            raise InvalidValue(what, remedy="write both, or none")


class ClassifyFields(Shape):
    """Without a status it is for every answer that is no 2xx."""

    status: Annotated[int, Bounds(200, 999)] | None = None
    body_contains: Text | None = None
    class_: Literal["bad_input", "overload", "not_ready", "transient", "suspect", "config"]

    def judge(self) -> None:
        if self.status is None and self.body_contains is None:
            raise InvalidValue(
                "would fit every refusal", remedy="write status, bodyContains, or both"
            )


class VariantFields(Shape):
    name: Name
    weight: Annotated[int, Bounds(0, 1_000_000)]
    url: Url | None = None
    model: Text | None = None
    version: Text | None = None


Variants = Annotated[Sequence[VariantFields], Bounds(1, 100)]
