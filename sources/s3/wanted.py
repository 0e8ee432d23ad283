"""Which keys are told: by prefix, suffix and glob, all that are given. Pure."""

from sources.globs import Glob
from sources.s3.options import S3Options
from sources.s3.sighting import Kind


class Wanted:
    """`is_key` and `is_kind` of what a configuration asks for."""

    def __init__(self, options: S3Options) -> None:
        self._prefix = options.prefix
        self._suffix = options.suffix
        self._glob = Glob(options.glob) if options.glob else None
        self._tells_created = options.tells_created
        self._tells_removed = options.tells_removed

    def is_key(self, key: str) -> bool:
        if not key.startswith(self._prefix) or not key.endswith(self._suffix):
            return False
        return self._glob is None or self._glob.matches(key)

    def is_kind(self, kind: Kind) -> bool:
        return self._tells_created if kind is Kind.CREATED else self._tells_removed
