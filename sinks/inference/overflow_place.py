"""The folder or bucket prefix of `reply.overflow`: put there, removed when old. Blocking."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from broker.errors import Denied

if TYPE_CHECKING:  # imported only where the first large reply is stored
    from sinks.file_batch.store import Store
    from sinks.inference_spec import OverflowSpec

TRIED_NAME = "headrace-check"
_S3 = "s3://"
_OURS = re.compile(r"[a-z2-7]{52}(\.json)?", re.ASCII)  # the id of a reply


class OverflowPlace:
    """Made without I/O. All that does some raises Unavailable where trying again may help, and
    Denied, Invalid or Conflict where it cannot.
    """

    def __init__(self, spec: "OverflowSpec") -> None:
        self._spec = spec
        self._base = f"{spec.url.rstrip('/')}/"
        self._opened: tuple[Store, str] | None = None

    def dataref(self, name: str) -> str:
        """The URI by which a reply names its data."""
        if not self._base.startswith(_S3):
            return f"file://{self._base.removeprefix('file:')}{name}"
        return _S3 + quote(self._base.removeprefix(_S3)) + name

    def put(self, name: str, data: bytes) -> None:
        """The same name again replaces what an earlier attempt wrote."""
        store, prefix = self._open()
        store.put_atomic(prefix + name, [data])

    def check(self) -> None:
        """Put an empty file there and remove it: nothing less says that both are allowed."""
        store, prefix = self._open()
        store.put_atomic(prefix + TRIED_NAME, [b""])
        store.delete(prefix + TRIED_NAME)

    def remove_older(self, before: datetime, most: int) -> int:
        """Remove the data of replies that was stored before; gives how many, `most` at the most.

        Nothing else that lies there is touched.
        """
        store, prefix = self._open()
        removed = 0
        for path in store.older(prefix, before):
            if _OURS.fullmatch(path.removeprefix(prefix)):
                store.delete(path)
                removed += 1
            if removed == most:
                break
        return removed

    def close(self) -> None:
        """It may be used again."""
        self._opened = None

    def _open(self) -> "tuple[Store, str]":
        """The store, and what the paths of this place begin with."""
        if self._opened is None:
            from sinks.file_batch.place import Place, parse_place
            from sinks.file_batch.store import Access, open_store

            if self._base.startswith(_S3):
                tried = parse_place(self._base + TRIED_NAME)
                access = Access(s3=self._spec.s3)
            else:
                tried = Place("folder", "", TRIED_NAME)
                access = Access(root=str(_folder(self._base)))
            self._opened = open_store(tried, access), tried.path.removesuffix(TRIED_NAME)
        return self._opened


def _folder(url: str) -> Path:
    """The folder of a `file:` URL, made where it is not there, as that of a FileSink is."""
    folder = Path(unquote(url.removeprefix("file:")))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"the folder cannot be made ({error.strerror})"
        remedy = "name a folder that the account of headrace may write to"
        raise Denied(what, code="denied", where=str(folder), remedy=remedy) from error
    return folder
