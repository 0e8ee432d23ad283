"""What is stored of a folder: which one it is, and a record per file that was told. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from sources.folder.listing import Seen, Told
from sources.folder.naming import path_of, subject_of

FOLDER_KEY = "folder"
FILES_PREFIX = "file/"


@dataclass(frozen=True, slots=True)
class Known:
    """The folder that the records of files are about."""

    path: str
    inode: int

    def encode(self) -> bytes:
        return orjson.dumps({"path": subject_of(self.path), "inode": self.inode})


def decode_known(value: bytes) -> Known:
    found = orjson.loads(value)
    return Known(path_of(found["path"]), found["inode"])


def file_key(path: str) -> str:
    return FILES_PREFIX + subject_of(path)


def encode_told(told: Told | None) -> bytes | None:
    """The record of a file; None, which removes it, for one that is gone."""
    return None if told is None else orjson.dumps([*told.seen, told.hash])


def decode_files(records: Iterable[tuple[str, bytes]]) -> dict[str, Told]:
    """By path."""
    found = {}
    for key, value in records:
        *seen, digest = orjson.loads(value)
        found[path_of(key.removeprefix(FILES_PREFIX))] = Told(Seen(*seen), digest)
    return found
