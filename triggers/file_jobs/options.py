"""How files are read and written, as one short text: with others a file is another job. Pure."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from sinks.file_batch.spec import FileBatchSpec


def written_of(spec: FileBatchSpec) -> Mapping[str, Any]:
    """`read` and `write` as configured."""
    return {name: spec.written.get(name) for name in ("read", "write")}


def options_of(spec: FileBatchSpec) -> str:
    told = orjson.dumps(written_of(spec), option=orjson.OPT_SORT_KEYS)
    return sha256(told).hexdigest()[:16]
