"""Records to the deliveries of one call, and the predictions back out of what it answered. Pure.

Where the model takes rows, many records are one event, whose answer has a row for each: an event
of its own for every record would be most of the price of a call.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from broker.codec import make_event
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass
from sinks.file_batch.record import Value
from sinks.inference.output import takes_of
from sinks.inference.path import DataPath
from sinks.inference_spec import InferenceSinkSpec

RECORD_TYPE = "dev.headrace.file.record"
_ROWS = ("tensors", "predictions")
_JSON, _BYTES = "application/json", "application/octet-stream"


class Origin(NamedTuple):
    """What the events of a job's calls have in common."""

    trigger: str
    offset: int
    step: str
    source: str
    subject: str
    job: str


class Record(NamedTuple):
    """One record on its way: its number in the file, and the bytes that are sent of it."""

    row: int
    data: bytes
    is_json: bool


class Prediction(NamedTuple):
    """`reply` are the attributes of the reply that it came with; none: there was none."""

    value: Value
    reply: Mapping[str, str] = {}


def record_of(row: int, value: Value) -> Record:
    if isinstance(value, bytes):
        return Record(row, value, False)
    return Record(row, orjson.dumps(value), True)


def takes_rows(spec: InferenceSinkSpec) -> bool:
    """Whether a list of records is predicted as well as one, with an answer in its order."""
    return "columns" in spec.input and _take_of(spec) in _ROWS and _is_plain(spec)


def gives_rows(spec: InferenceSinkSpec) -> bool:
    """Whether the answer for one record has outputs of one row; `predictions` is that row itself.

    Of `instances` only where its path finds one: else a record may be many.
    """
    instances = spec.input.get("instances")
    is_one = instances is not None and DataPath(instances).is_single
    has_row = is_one or "columns" in spec.input or "bytes" in spec.input
    return has_row and _take_of(spec) == "tensors" and _is_plain(spec)


def _take_of(spec: InferenceSinkSpec) -> str:
    take: str | None = spec.output.get("take")
    return take or takes_of(spec.protocol, spec.task_asked)[0]


def _is_plain(spec: InferenceSinkSpec) -> bool:
    """Whether the answer is a reply's data as it is."""
    is_whole = not spec.output.get("path") and not spec.output.get("mergeUnder")
    return is_whole and spec.reply_mode == "wrap"


def one_delivery(origin: Origin, records: Sequence[Record], attempt: int) -> Delivery:
    """All of `records` as one event whose data is their list."""
    data = b"[" + b",".join([each.data for each in records]) + b"]"
    return _delivery(origin, f"{records[0].row}-{records[-1].row}", data, _JSON, attempt)


def each_delivered(origin: Origin, records: Sequence[Record], attempt: int) -> Sequence[Delivery]:
    return [
        _delivery(origin, str(each.row), each.data, _JSON if each.is_json else _BYTES, attempt)
        for each in records
    ]


def _delivery(origin: Origin, rows: str, data: bytes, kind: str, attempt: int) -> Delivery:
    attributes = {
        "specversion": "1.0",
        "id": f"{origin.job}/{rows}",
        "source": origin.source,
        "type": RECORD_TYPE,
        "subject": origin.subject,
        "datacontenttype": kind,
        "jobid": origin.job,
    }
    event = make_event(attributes, data)
    named = f"file/{origin.job}/{rows}"
    return Delivery(named, origin.trigger, origin.offset, attempt, origin.step, event)


def one_prediction(outcome: Delivered, is_row: bool) -> Prediction:
    """`is_row`: what has a row for each record has one row."""
    value = _value(outcome)
    rows = rows_of(value, 1) if is_row else None
    return Prediction(value if rows is None else rows[0], reply_of(outcome))


def rows_of(value: Value, records: int) -> Sequence[Value] | None:
    """The answer for a list of `records` by record; None where it is no such answer."""
    if isinstance(value, list):
        return value if len(value) == records else None
    if not isinstance(value, dict) or not value:
        return None
    columns = list(value.values())
    if not all(isinstance(column, list) and len(column) == records for column in columns):
        return None
    names = tuple(value)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def spread(outcome: Outcome, records: int) -> Sequence[Prediction | Failed]:
    """What came of each of a list of records; SUSPECT where the answer has not a row for each."""
    if not isinstance(outcome, Delivered):
        return [outcome] * records
    rows = rows_of(_value(outcome), records)
    if rows is None:
        what = f"the answer to {records} records does not have as many rows"
        return [Failed(OutcomeClass.SUSPECT, what, status=outcome.status)] * records
    reply = reply_of(outcome)
    return [Prediction(row, reply) for row in rows]


def reply_of(outcome: Outcome) -> Mapping[str, str]:
    """The attributes of a reply, of its model among them; empty for none."""
    if not isinstance(outcome, Delivered) or outcome.reply is None:
        return {}
    return outcome.reply.attributes


def _value(outcome: Delivered) -> Value:
    """The JSON of the reply; its text where it is none, null where there is no reply."""
    reply = outcome.reply
    if reply is None or reply.data is None:
        return None
    try:
        value: Value = orjson.loads(reply.data)
    except orjson.JSONDecodeError:
        return reply.data.decode("utf-8", "replace")
    return value
