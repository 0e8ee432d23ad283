"""An event for each record of a file that has a prediction: as if it had been an event. Pure."""

from base64 import b32encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

import orjson

from broker.codec import make_event
from broker.codec.values import FORBIDDEN
from broker.event import Event
from sinks.file_batch.record import Chunk, Value
from sinks.file_batch.results import Results
from triggers.file_jobs.events import subject_of
from triggers.file_jobs.job import FileJob

PIECE_EVENTS_MAX = 1_024  # of one commit
PIECE_BYTES_MAX = 4 * 1024 * 1024
KEY_CHARACTERS_MAX = 1_024  # a longer key is left out
_OF_REPLY = ("source", "type", "inferencemodel", "inferenceversion", "inferencevariant",
             "inferencems")  # fmt: skip


def record_events(
    job: FileJob, chunk: Chunk, keys: Sequence[Value], results: Results, now: datetime
) -> list[Event]:
    """Of a chunk, in the order of its rows; none for what failed, or was answered by no reply.

    Type and source are those of the sink's replies. The id follows from job and row, so that a
    record that is predicted again, after an end of the process, is told of by the same event.
    """
    same = {
        "specversion": "1.0",
        "subject": subject_of(job),
        "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "jobid": job.id,
    }
    made = []
    for at, reply in enumerate(results.replies):
        if at in results.failures or not reply:
            continue
        row = chunk.rows[at]
        own = {"id": _id(job, row), "filerow": str(row), **_key(keys[at]), **_of_reply(reply)}
        made.append(make_event(same | own, orjson.dumps(results.predictions[at])))
    return made


def pieces(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """`events` as commits may have them, in their order; at least one piece, maybe an empty one."""
    start, size_bytes = 0, 0
    for at, event in enumerate(events):
        size_bytes += event.size_bytes
        if at > start and (at - start >= PIECE_EVENTS_MAX or size_bytes > PIECE_BYTES_MAX):
            yield events[start:at]
            start, size_bytes = at, event.size_bytes
    yield events[start:]


def _id(job: FileJob, row: int) -> str:
    facts = "\0".join((job.trigger, job.id, "record", str(row)))
    return b32encode(sha256(facts.encode()).digest()).decode("ascii").rstrip("=").lower()


def _key(key: Value) -> dict[str, str]:
    """`filekey`, percent-encoded where it holds what no attribute may."""
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        return {}
    text = str(key)
    if not 0 < len(text) <= KEY_CHARACTERS_MAX:
        return {}
    return {"filekey": quote(text, errors="replace") if FORBIDDEN.search(text) else text}


def _of_reply(reply: Mapping[str, str]) -> dict[str, str]:
    return {name: reply[name] for name in _OF_REPLY if name in reply}
