"""The schema of `kind: PingSource`."""

import base64
import binascii
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import orjson

from broker.errors import Invalid, InvalidEvent
from deploy.config.mistakes import InvalidValue
from deploy.config.schema_parts import Seconds, Text
from deploy.config.shapes import Judge
from deploy.config.sources.parts import SourceFields, SourceResource
from sources.ping.events import slot_event
from sources.ping.options import PingOptions
from sources.ping.schedule import Schedule, read_schedule

JITTER_SECONDS_MAX = 3_600.0


def _jitter(seconds: float) -> float:
    if seconds > JITTER_SECONDS_MAX:
        raise InvalidValue("is longer than an hour", remedy="write at most PT1H")
    return seconds


class PingFields(SourceFields):
    """`data` is text; JSON where `contentType` says nothing else."""

    schedule: Text
    timezone: Text | None = None
    data: str | None = None
    data_base64: str | None = None
    content_type: Text | None = None
    catch_up: Literal["none", "last", "all"] = "last"
    jitter: Annotated[Seconds, Judge(_jitter)] = 0.0


class PingResource(SourceResource):
    spec: PingFields

    def options(self, namespace: str, name: str, folder: Path) -> PingOptions:
        fields = self.spec
        data, content_type = _content(fields)
        try:
            slot_event(f"{namespace}/{name}", datetime(2000, 1, 1, tzinfo=UTC), data, content_type)
        except InvalidEvent as error:
            what = "cannot be the content type of an event"
            raise InvalidValue(what, where="contentType", remedy=error.remedy) from error
        return PingOptions(
            schedule=_schedule(fields.schedule, fields.timezone),
            data=data,
            content_type=content_type,
            catch_up=fields.catch_up,
            jitter_seconds=fields.jitter,
        )


def _schedule(text: str, timezone: str | None) -> Schedule:
    where = "schedule" if timezone is None else "timezone"
    try:
        return read_schedule(text, timezone, zone_named)
    except Invalid as error:
        if error.code == "invalid-schedule":
            where = "schedule"
        raise InvalidValue(error.what, where=where, remedy=error.remedy) from error


def zone_named(name: str) -> tzinfo:
    """The time zone of the system's or the package's data. Raises InvalidValue."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # folders of zones have names, too
        raise InvalidValue(
            "names no time zone that is known here",
            remedy="write an IANA name such as Europe/Berlin, or UTC",
        ) from error


def _content(fields: PingFields) -> tuple[bytes | None, str | None]:
    """The data of each event, and its content type where it has one."""
    if fields.data is not None and fields.data_base64 is not None:
        raise InvalidValue("stands beside data", where="dataBase64", remedy="remove one of the two")
    if fields.data_base64 is not None:
        return _decoded(fields.data_base64), fields.content_type or "application/octet-stream"
    if fields.data is None:
        return None, fields.content_type
    content_type = fields.content_type or "application/json"
    if content_type == "application/json":
        _judge_json(fields.data)
    return fields.data.encode(), content_type


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidValue(
            "is no Base64", where="dataBase64", remedy="write it with padding (RFC 4648, 4)"
        ) from error


def _judge_json(text: str) -> None:
    try:
        orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise InvalidValue(
            "is no JSON", where="data", remedy="mend it, or write contentType: text/plain"
        ) from error
