"""Notifications as servers send them."""

from collections.abc import Mapping
from typing import Any

import orjson

ETAG = "5d41402abc4b2a76b9719d911017c592"


def record(**changed: Any) -> dict[str, Any]:
    """One of MinIO's, with other values for some members."""
    item = {"key": "dir%2Fa+file%2B%C3%BC.txt", "size": 5, "eTag": ETAG, "sequencer": "18EA3E3E"}
    told = {
        "eventVersion": "2.0",
        "eventSource": "minio:s3",
        "awsRegion": "",
        "eventTime": "2026-11-22T02:50:40.133Z",
        "eventName": "s3:ObjectCreated:Put",
        "s3": {"bucket": {"name": "photos"}, "object": {**item, **changed.pop("object", {})}},
    }
    return {**told, **changed}


def notification(bucket: str, key: str, sequencer: str, event: str = "ObjectCreated:Put") -> bytes:
    """The body that tells of one change of `key`, which needs no escapes."""
    told = record(
        eventName=f"s3:{event}",
        object={"key": key, "sequencer": sequencer, "eTag": f"of-{sequencer}"},
    )
    told["s3"]["bucket"]["name"] = bucket
    return envelope(told)


def envelope(*records: Mapping[str, Any]) -> bytes:
    """What MinIO puts around records."""
    return orjson.dumps({"EventName": "x", "Key": "y", "Records": records})
