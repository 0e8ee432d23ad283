"""Lists of files: SageMaker's manifests, and lines of JSON with a key each. Pure."""

from collections.abc import Iterator

import orjson

from broker.errors import Invalid
from sinks.file_batch.place import Place, parse_place

MANIFEST_BYTES_MAX = 16 * 1024 * 1024
ENTRIES_MAX = 100_000
_KEY_FIELDS = ("key", "path", "source-ref")


def read_manifest(data: bytes, own: Place) -> list[Place]:
    """The files that the manifest at `own` names, in its order, each once.

    `[{"prefix": "s3://bucket/in/"}, "a.csv", …]`, or a key (text, or an object with `key`, `path`
    or `source-ref`) in every line. A key without a scheme is one of the manifest's own container.
    Whoever may write a manifest may not therefore have anything else read: other buckets, other
    servers and local folders are refused. Raises Invalid(code="broken-manifest").
    """
    if len(data) > MANIFEST_BYTES_MAX:
        raise _refusal(own, f"is larger than {MANIFEST_BYTES_MAX} bytes")
    places: dict[Place, None] = {}
    for key in _keys(data, own):
        try:
            place = parse_place(key) if "://" in key else own.beside(key)
        except Invalid as error:
            raise _refusal(own, f"names {key[:200]!r}, which {error.what}") from error
        if (place.kind, place.container) != (own.kind, own.container):
            raise _refusal(own, f"names {str(place)[:200]!r}, which is in another place")
        places[place] = None
        if len(places) > ENTRIES_MAX:
            raise _refusal(own, f"names more than {ENTRIES_MAX} files")
    return list(places)


def _keys(data: bytes, own: Place) -> Iterator[str]:
    try:
        if data.lstrip().startswith(b"["):
            yield from _prefixed(orjson.loads(data), own)
            return
        for line in data.splitlines():
            if line.strip():
                entry = orjson.loads(line)
                yield _text(_key_of(entry) if isinstance(entry, dict) else entry, own)
    except orjson.JSONDecodeError as error:
        raise _refusal(own, f"is no JSON: {error}") from error


def _prefixed(entries: object, own: Place) -> Iterator[str]:
    """Source: Amazon SageMaker API, S3DataSource, ManifestFile."""
    prefix = ""
    for at, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            if at:
                raise _refusal(own, "has a prefix that is not its first entry")
            prefix = _text(entry.get("prefix"), own)
        else:
            yield prefix + _text(entry, own)


def _key_of(entry: dict[str, object]) -> object:
    return next((entry[name] for name in _KEY_FIELDS if name in entry), None)


def _text(value: object, own: Place) -> str:
    if not isinstance(value, str):
        raise _refusal(own, f"has {str(value)[:60]!r} where a key should be")
    return value


def _refusal(own: Place, what: str) -> Invalid:
    return Invalid(
        f"the manifest {what}",
        code="broken-manifest",
        where=str(own),
        remedy='write ["key", …] behind {"prefix": "s3://bucket/…"}, or a key in every line',
    )
