"""What has settled is looked at a last time, and its content hashed. Blocking; pure of events."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event as Flag

from sources.folder.listing import Seen
from sources.folder.root import reason
from sources.folder.scan import Scanner, seen_of

CHUNK_BYTES = 1024 * 1024  # read and hashed at once, so memory does not follow a file's size


@dataclass(frozen=True, slots=True)
class Whole:
    """Still as it was when it settled, to the last byte read; `seen` None: still gone."""

    seen: Seen | None
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """Another state by now: it has to settle anew."""

    seen: Seen | None


@dataclass(frozen=True, slots=True)
class Unread:
    why: str


Finding = Whole | Again | Unread


class Examiner:
    """`has_hash`: content is read; else what the file system tells is enough."""

    def __init__(self, path: str, scanner: Scanner, has_hash: bool, stopped: Flag) -> None:
        self._path = path
        self._scanner = scanner
        self._has_hash = has_hash
        self._stopped = stopped

    def examine(self, due: Mapping[str, Seen | None]) -> dict[str, Finding]:
        """One after the other; ends early, with what it has, when stopped."""
        found: dict[str, Finding] = {}
        for path, seen in due.items():
            if self._stopped.is_set():
                break
            try:
                found[path] = self._examine(path, seen)
            except (FileNotFoundError, NotADirectoryError):
                found[path] = Again(None)
            except OSError as error:
                found[path] = Unread(reason(error))
        return found

    def _examine(self, path: str, expected: Seen | None) -> Finding:
        seen = self._scanner.look(path)
        if seen is None or expected is None:
            return Whole(None) if seen is expected else Again(seen)
        if seen.state != expected.state:
            return Again(seen)
        return self._hashed(path, seen) if self._has_hash else Whole(seen)

    def _hashed(self, path: str, expected: Seen) -> Finding:
        """The content, if it is that of `expected` from the first byte to the last."""
        # Not to wait for a writer, should a pipe have taken the file's place.
        opened = os.open(f"{self._path}/{path}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(opened, "rb", buffering=0) as file:
            digest = hashlib.sha256()
            if seen_of(os.fstat(opened)).state != expected.state:
                return Again(self._scanner.look(path))
            while not self._stopped.is_set() and (chunk := file.read(CHUNK_BYTES)):
                digest.update(chunk)
            seen = seen_of(os.fstat(opened))
        if self._stopped.is_set() or seen.state != expected.state:
            return Again(seen)
        return Whole(seen, digest.hexdigest())
