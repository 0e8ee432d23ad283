"""Notifications, as a stream or a webhook brings them, to sightings. Pure.

Source: Amazon S3 user guide, event message structure. Keys are escaped there as in a form;
MinIO's stream alone has them as they are, and its records are written the usual way here.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import msgspec
import orjson

from broker.errors import Invalid
from sources.s3.sighting import NO_VERSION, Sighting, kind_of

RECORDS_MAX = 1_000
TEXT_CHARACTERS_MAX = 4_096  # a key has 1,024 bytes, each of which may be escaped


class _Envelope(msgspec.Struct):
    """What is around the records; a test or a ping has none."""

    Records: list[msgspec.Raw] | None = None


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def read_notification(body: bytes, is_escaped: bool) -> Sequence[Sighting]:
    """What `body` tells of objects that came or went; of other things nothing.

    `is_escaped`: keys are written as in a form. Raises Invalid.
    """
    try:
        records = _ENVELOPE.decode(body).Records or ()
        if len(records) > RECORDS_MAX:
            raise _invalid(f"has {len(records)} records", f"send at most {RECORDS_MAX}")
        sightings = [_sighting(bytes(record), is_escaped) for record in records]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        remedy = "send the JSON that S3 and MinIO send"
        raise _invalid("is no notification of a bucket", remedy) from error
    return [seen for seen in sightings if seen is not None]


def _sighting(record: bytes, is_escaped: bool) -> Sighting | None:
    told = orjson.loads(record)
    name = _text(told, "eventName").removeprefix("s3:")
    kind = kind_of(name)
    if kind is None:
        return None
    bucket, item = told["s3"]["bucket"], told["s3"]["object"]
    written = _text(item, "key")
    if not is_escaped:
        item["key"] = quote_plus(written)
        record = orjson.dumps(told)
    key = unquote_plus(written, errors="surrogateescape") if is_escaped else written
    size = item.get("size")
    source = origin_name(
        _text_or_none(told, "eventSource"), _text_or_none(told, "awsRegion"), _text(bucket, "name")
    )
    return Sighting(
        kind,
        name,
        _text(bucket, "name"),
        key,
        _text_or_none(item, "versionId") or NO_VERSION,
        _text_or_none(item, "eTag").strip('"'),
        size if isinstance(size, int) else None,
        datetime.fromisoformat(_text(told, "eventTime")).astimezone(UTC),
        _text_or_none(item, "sequencer"),
        source,
        record,
    )


def origin_name(event_source: str, region: str, bucket: str) -> str:
    """The source of a bucket's events.

    Source: CloudEvents adapter for AWS Simple Storage Service.
    """
    return f"{event_source or 'aws:s3'}.{region}.{bucket}"


def _text(told: Mapping[str, Any], name: str) -> str:
    text = _text_or_none(told, name)
    if not text:
        raise ValueError(name)
    return text


def _text_or_none(told: Mapping[str, Any], name: str) -> str:
    """ "" where there is none."""
    text = told.get(name) or ""
    if not isinstance(text, str) or len(text) > TEXT_CHARACTERS_MAX:
        raise ValueError(name)
    return text


def _invalid(what: str, remedy: str) -> Invalid:
    return Invalid(f"the body {what}", code="invalid-notification", remedy=remedy)
