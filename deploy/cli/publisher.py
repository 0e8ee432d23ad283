"""Publishes to one broker over HTTP: one connection, patient where it is told to wait."""

import http.client
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from broker.codec import encode_structured
from broker.errors import Invalid, Overloaded
from broker.event import Event
from deploy.cli.client import nobody_answers, printable
from deploy.config.urls import http_url

TIMEOUT_SECONDS = 60.0
ANSWER_BYTES_MAX = 2**20
TRIES_MAX = 10
WAIT_SECONDS_MAX = 30.0
BATCH = "application/cloudevents-batch+json"
_WAITS = frozenset({429, 503})
Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Accepted:
    """One request that was answered 202. Of a batch, only all events are duplicates or none."""

    duplicate: bool


class Refused(Invalid):
    """The broker's no. `final` where it concerns the URL, who asks or the disk, not the event:
    the next event would be told the same."""

    def __init__(self, status: int, what: str, **facts: str | None) -> None:
        super().__init__(what, **facts)
        self.final = status in {401, 403, 404, 405, 507}


class Publisher:
    """`url` is a broker's: http://host/namespace/name. `sleep` takes seconds."""

    def __init__(self, url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            parts = urlsplit(http_url(url))
        except Invalid as error:
            raise Invalid(f"the URL {error.what}", remedy=error.remedy) from error
        self.url = url
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
        if parts.scheme.lower() == "https":
            kind = http.client.HTTPSConnection
        self._connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
        self._sleep = sleep

    def publish(self, events: Sequence[Event], batched: bool) -> Accepted:
        """Send one event, or all as one batch. Raises Refused with the broker's own words.

        A 429, a 503 or a broken connection is tried again, at most ten times: the broker
        takes a repeat of what it has already stored as a duplicate.
        """
        headers, body = _batch(events) if batched else _single(events[0])
        wait_seconds = 0.1
        for attempt in range(1, TRIES_MAX + 1):
            try:
                answer, content = self._post(headers, body)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                if isinstance(error, ConnectionRefusedError) or attempt == TRIES_MAX:
                    how = "headrace up, or name another broker by --to URL"
                    raise nobody_answers(self.url, error, how) from error
                answer = None
            if answer is not None and answer.status not in _WAITS:
                return _judge(answer, content)
            wished = _retry_after_seconds(answer)
            self._sleep(min(WAIT_SECONDS_MAX, wait_seconds if wished is None else wished))
            wait_seconds *= 2
        raise Overloaded(
            f"{self.url} asked to wait {TRIES_MAX} times",
            remedy="send again later, or slower: --rate",
        )

    def close(self) -> None:
        self._connection.close()

    def _post(
        self, headers: Sequence[Header], body: bytes
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connection
        connection.putrequest("POST", self._target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("content-length", str(len(body)))
        # A refusal by its length comes before the body is read: what was said is still there.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read(ANSWER_BYTES_MAX)
        if not answer.isclosed():
            connection.close()  # more than anyone has to say: do not read on
        return answer, content


def _single(event: Event) -> tuple[list[Header], bytes]:
    """Binary mode: the event's own header block, and its data as they are."""
    lines = event.head.decode("ascii").split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines if line)]
    return headers, event.data or b""


def _batch(events: Sequence[Event]) -> tuple[list[Header], bytes]:
    body = b"[" + b",".join(encode_structured(event) for event in events) + b"]"
    return [("content-type", BATCH)], body


def _judge(answer: http.client.HTTPResponse, content: bytes) -> Accepted:
    if 200 <= answer.status < 300:
        return Accepted(answer.getheader("headrace-duplicate") == "true")
    raise refusal(answer.status, content)


def refusal(status: int, content: bytes) -> Refused:
    """The error of a problem+json answer, in the broker's own words, entries of a batch too."""
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return Refused(
            status,
            f"refused with status {status}",
            remedy="is that URL a broker's ingress? see --to",
        )
    what = str(problem.get("detail") or problem.get("title") or f"refused with status {status}")
    where = problem.get("where")
    remedy = problem.get("remedy")
    entries = "".join(
        f"\n  entry {entry.get('index')}: {printable(str(entry.get('detail') or entry))}"
        for entry in problem.get("entries") or problem.get("errors") or []
        if isinstance(entry, dict)
    )
    return Refused(
        status,
        printable(what) + entries,
        code=str(problem.get("code", status)),
        where=printable(str(where)) if where else None,
        remedy=printable(str(remedy)) if remedy else None,
    )


def _retry_after_seconds(answer: http.client.HTTPResponse | None) -> float | None:
    """The seconds asked for, None where none were (a date is left to our own waits)."""
    value = answer.getheader("retry-after") if answer is not None else None
    return float(value) if value is not None and value.isdecimal() and len(value) < 9 else None
