"""The id of a job: the same for every notification of the same input. Pure."""

from base64 import b32encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from sinks.file_batch.place import Place

ID_CHARACTERS = 32  # of base32: 160 bits


def job_id(source: Place, identity: str, trigger: str, options: Mapping[str, Any]) -> str:
    """Lower-case base32 of what is read, by which trigger and how.

    `options` are `read` and `write` as configured: with others the same input is another job.
    """
    facts = [source.kind, source.container, source.path, identity, trigger, options]
    told = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)
    return b32encode(sha256(told).digest()).decode().lower()[:ID_CHARACTERS]
