"""What happened to a file, to its event. Pure.

The event's `source` is the source's own name and no URL of the folder: the folder may move to
another disk or machine, and its path is nobody's business.
The id follows from the path, what happened and which state of the file it happened to, so that
the same happening is the same event however often it is found. ctime is part of it: a file that
is moved away and back comes a second time, though its content and time are those of the first.
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from broker.clock import EPOCH
from broker.codec import make_event
from broker.event import Event
from sources.folder.listing import Told
from sources.folder.naming import shown, subject_of
from sources.folder.options import Happening

TYPE_PREFIX = "dev.headrace.folder."


def happening_of(before: Told | None, after: Told | None) -> Happening | None:
    """What became of a file; None where only its inode, its rights or what we know changed.

    One that was written anew with the same content has changed: its time has.
    """
    if after is None:
        return None if before is None else "removed"
    if before is None:
        return "created"
    is_same = before.seen.state[:2] == after.seen.state[:2]
    has_both = bool(before.hash and after.hash)
    return None if is_same and (before.hash == after.hash or not has_both) else "changed"


def file_event(name: str, path: str, happening: Happening, told: Told, now: datetime) -> Event:
    """`told` is the file's last state: for a removed one what was told before."""
    subject = subject_of(path)
    seen = told.seen
    identity = orjson.dumps([subject, happening, *seen, told.hash])
    mtime = time_of(seen.mtime_ns)
    data: dict[str, Any] = {"path": shown(path), "size": seen.size, "mtime": mtime}
    attributes = {
        "specversion": "1.0",
        "id": blake2b(identity, digest_size=16).hexdigest(),
        "source": f"/headrace/sources/{name}",
        "type": TYPE_PREFIX + happening,
        "subject": subject,
        "time": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "filesize": str(seen.size),  # a CloudEvents integer ends at 2 GiB
        "filemtime": mtime,
    }
    if told.hash:
        attributes["filehash"] = data["hash"] = told.hash
    return make_event(attributes, orjson.dumps(data))


def time_of(nanoseconds: int) -> str:
    """RFC 3339 in microseconds, of nanoseconds in 64 bits since 1970."""
    moment = EPOCH + timedelta(microseconds=nanoseconds // 1000)
    return moment.isoformat().replace("+00:00", "Z")
