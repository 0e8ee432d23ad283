"""Reading files whose records are files: an image, a zip of members, a folder of images."""

import base64
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import orjson

from broker.errors import Invalid
from sinks.file_batch.formats import is_image
from sinks.file_batch.record import (
    BEGINNING,
    CHUNK_BYTES_MAX,
    CHUNK_RECORDS,
    SHOWN_BYTES_MAX,
    BadRecord,
    Chunk,
    Mark,
    Value,
    broken_file,
)
from sinks.file_batch.spec import Format
from sinks.file_batch.store import LISTED_MAX, Head, Listed, Store
from sinks.file_batch.store_file import buffered


class Member(NamedTuple):
    """`name` is what the record is called; `read` gives up to so many bytes of it."""

    name: str
    size_bytes: int
    read: Callable[[int], bytes]


class MemberReader:
    """Implements `sinks.file_batch.record.Reader`. A position is the number of a member.

    The members are sorted by name. An image is its bytes, `{"b64": …}`, or what `tensor` makes
    of them: JSON, or ValueError. In a zip of other files, JSON is its value and text its text.
    """

    line_end = b"\n"

    def __init__(
        self,
        members: Sequence[Member],
        kind: Format,
        record_bytes_max: int,
        *,
        is_base64: bool = False,
        tensor: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.format = kind
        self.fields: Sequence[str] | None = None
        self._members = members
        self._record_bytes_max = record_bytes_max
        self._is_base64 = is_base64
        self._tensor = tensor

    def chunks(self, start: Mark = BEGINNING) -> Iterator[Chunk]:
        while start.position < len(self._members):
            chunk = self._chunk(start)
            yield chunk
            start = chunk.end

    def _chunk(self, start: Mark) -> Chunk:
        end, tensor_bytes = self._end(start.position), 0
        rows: list[int] = []
        names: list[str] = []
        listed: list[Value] = []
        bad: list[BadRecord] = []
        for at in range(start.position, end):
            member = self._members[at]
            body, why = self._body(member)
            if why is None:
                try:
                    value, size_bytes = self._value(member.name, body)
                    tensor_bytes += size_bytes
                    listed.append(value)
                    names.append(member.name)
                    rows.append(at + 1)
                except ValueError as error:
                    why = f"{member.name} cannot be read: {error}"
            if why is not None:
                bad.append(BadRecord(at + 1, at, why, member.name.encode()[:SHOWN_BYTES_MAX]))
            if tensor_bytes > CHUNK_BYTES_MAX:
                end = at + 1
                break
        mark = Mark(start.number + 1, end, end)
        offsets = [row - 1 for row in rows]
        return Chunk(start, mark, rows, offsets, bad, listed=listed, names=names)

    def _end(self, position: int) -> int:
        """By the sizes that are declared, as far as records may be that large.

        Of tensors, whose size shows only then, a chunk ends behind the one that makes it too large.
        """
        end, size_bytes = position, 0
        while end < min(len(self._members), position + CHUNK_RECORDS):
            size_bytes += min(self._members[end].size_bytes, self._record_bytes_max)
            if size_bytes > CHUNK_BYTES_MAX and end > position and self._tensor is None:
                break
            end += 1
        return end

    def _body(self, member: Member) -> tuple[bytes, str | None]:
        """The bytes, or why there are none; more than allowed is never read."""
        limit = self._record_bytes_max
        if member.size_bytes > limit:
            return b"", f"{member.name} is longer than {limit} bytes (read.maxRecordBytes)"
        try:
            body = member.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as err:
            return b"", f"{member.name} cannot be unpacked: {err}"
        if len(body) > limit:
            return b"", f"{member.name} is longer than {limit} bytes (read.maxRecordBytes)"
        return body, None

    def _value(self, name: str, body: bytes) -> tuple[Value, int]:
        """What is sent, and how many bytes it is where that is not known from its member."""
        if self.format == "zip" and not is_image(name):
            return _other(name, body), 0
        if self._tensor is not None:
            made = self._tensor(body)
            return orjson.Fragment(made), len(made)
        return {"b64": base64.b64encode(body).decode()} if self._is_base64 else body, 0


def _other(name: str, body: bytes) -> Value:
    """A member of an archive that is no image."""
    if name.endswith(".json"):
        return orjson.loads(body)
    return body.decode() if name.endswith((".txt", ".text")) else body


def one_member(store: Store, path: str, head: Head) -> Sequence[Member]:
    """A single image."""
    name = path.rpartition("/")[2]
    return [Member(name, head.size_bytes, _whole(store, Listed(path, *head)))]


def listed_members(store: Store, prefix: str) -> Sequence[Member]:
    """The images below a prefix."""
    return [
        Member(each.path.removeprefix(prefix), each.size_bytes, _whole(store, each))
        for each in store.list(prefix)
        if is_image(each.path)
    ]


def zip_members(store: Store, path: str, head: Head) -> Sequence[Member]:
    """The members of an archive; their names are never paths of anything."""
    try:
        archive = zipfile.ZipFile(buffered(store, path, head))
    except (zipfile.BadZipFile, ValueError) as error:
        raise broken_file(f"is no zip archive: {error}", path) from error
    members = [each for each in archive.infolist() if not each.is_dir()]
    if len(members) > LISTED_MAX:
        raise Invalid(
            f"holds more than {LISTED_MAX} files",
            code="too-many-files",
            where=path,
            remedy="divide it",
        )
    members.sort(key=lambda each: (each.filename, each.header_offset))
    return [Member(each.filename, each.file_size, _unpacked(archive, each)) for each in members]


def _whole(store: Store, listed: Listed) -> Callable[[int], bytes]:
    return lambda most: b"".join(
        store.read(listed.path, 0, min(most, listed.size_bytes), listed.identity)
    )


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        with archive.open(member) as file:
            return file.read(most)

    return read
