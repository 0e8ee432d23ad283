"""A client of the admin listener: JSON both ways, bounded in time and size."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from broker.errors import HeadraceError, Invalid, InvalidConfig, Unavailable
from deploy.config.urls import http_url
from deploy.environment import read_environment

DEFAULT_ADMIN = "http://127.0.0.1:8081"
TIMEOUT_SECONDS = 30.0
ANSWER_BYTES_MAX = 64 * 2**20
PAGE_ITEMS_MAX = 1_000
PIECE_BYTES = 1 << 16
Query = Mapping[str, str | int | None]
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Admin:
    """One admin listener, `url` without a trailing slash."""

    url: str
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    def get(self, path: str, query: Query | None = None) -> Item:
        """The JSON object at `/api/v1` + `path`.

        Raises Unavailable where nobody answers, Invalid with the answer's own words else.
        """
        return self._ask("GET", target_of(path, query))

    def post(self, path: str, body: Mapping[str, Any]) -> Item:
        """What the verb at `path` answers to `body`. Raises as `get`."""
        return self._ask("POST", target_of(path), json.dumps(dict(body)).encode())

    def download(self, path: str, query: Query) -> Iterator[bytes]:
        """What `path` answers, piece by piece. Raises as `get`, also between two pieces.

        Raises Unavailable too where the answer ended before it was whole.
        """
        with self._asked("GET", target_of(path, query)) as response:
            if response.status != http.client.OK:
                raise self._refused(response.status, answer_of(response.read(ANSWER_BYTES_MAX)))
            while piece := response.read(PIECE_BYTES):
                yield piece

    def delete(self, path: str, query: Query | None = None) -> Item:
        """What `path` answers to being removed. Raises as `get`."""
        return self._ask("DELETE", target_of(path, query))

    def items(self, path: str, query: Query | None = None, limit: int = 100_000) -> list[Item]:
        """At most `limit` items of a list, from as many pages as it takes."""
        found: list[Item] = []
        cursor: str | None = None
        while len(found) < limit:
            page_items = min(limit - len(found), PAGE_ITEMS_MAX)
            page = self.get(path, {**(query or {}), "limit": page_items, "cursor": cursor})
            found.extend(page.get("items", []))
            before, cursor = cursor, page.get("next")
            # A page without items may have a next: a query is evaluated on so many rows a page.
            if cursor in (None, before):
                break
        return found[:limit]

    def _ask(self, method: str, target: str, body: bytes | None = None) -> Item:
        status, content = self._fetch(method, target, body)
        answer = answer_of(content)
        if http.client.OK <= status < http.client.MULTIPLE_CHOICES and isinstance(answer, dict):
            return answer
        raise self._refused(status, answer)

    @contextmanager
    def _asked(
        self, method: str, target: str, body: bytes | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer, to be read. Raises Unavailable where nobody answers, or not to its end."""
        parts = urlsplit(self.url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        headers = {"accept": "application/json", "connection": "close"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["content-type"] = "application/json"
        connection = kind(parts.netloc, timeout=self.timeout_seconds)
        try:
            connection.request(method, parts.path.rstrip("/") + target, body, headers)
            yield connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise nobody_answers(
                self.url, error, "headrace up, or name another by --admin URL"
            ) from error
        finally:
            connection.close()

    def _fetch(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        with self._asked(method, target, body) as response:
            content = response.read(ANSWER_BYTES_MAX + 1)
        if len(content) > ANSWER_BYTES_MAX:
            raise Invalid(
                "the answer is too large", where=self.url, remedy="ask for fewer: --limit"
            )
        return response.status, content

    def _refused(self, status: int, answer: Any) -> HeadraceError:
        problem = answer if isinstance(answer, dict) else {}
        what = problem.get("detail") or problem.get("what") or problem.get("title")
        if not isinstance(what, str):
            return Invalid(
                f"{self.url} answered {status}, which is not what a headrace says",
                remedy="name its admin listener by --admin URL or HEADRACE_ADMIN",
            )
        mistakes = problem.get("mistakes")
        if isinstance(mistakes, list):
            return InvalidConfig(printable(what), [printable(str(line)) for line in mistakes])
        where, remedy = problem.get("where"), problem.get("remedy")
        if status == http.client.UNAUTHORIZED:
            remedy = "give a token that counts: --token TOKEN or HEADRACE_TOKEN"
        return Invalid(
            printable(what),
            code=str(problem.get("code", "refused")),
            where=printable(where) if isinstance(where, str) else None,
            remedy=printable(remedy) if isinstance(remedy, str) else None,
        )


def answer_of(content: bytes) -> Any:
    """The JSON of an answer; None where it is none."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def target_of(path: str, query: Query | None = None) -> str:
    """Path and query to ask for; what is None is not asked."""
    asked = {name: value for name, value in (query or {}).items() if value is not None}
    return f"/api/v1{path}" + (f"?{urlencode(asked)}" if asked else "")


def nobody_answers(url: str, error: Exception, how: str) -> Unavailable:
    """The error for a URL where no headrace answers; `how` continues `start one with: `."""
    reason = "connection refused" if isinstance(error, ConnectionRefusedError) else str(error)
    return Unavailable(
        f"no headrace answers at {url} ({printable(reason) or type(error).__name__})",
        remedy=f"start one with: {how}",
    )


def admin_at(url: str | None, token: str | None) -> Admin:
    """The admin listener by option, else by HEADRACE_ADMIN and HEADRACE_TOKEN, else the default."""
    variables = read_environment().variables
    chosen = url or variables.get("HEADRACE_ADMIN") or DEFAULT_ADMIN
    secret = token or variables.get("HEADRACE_TOKEN") or None
    if secret is not None and not (secret.isascii() and secret.isprintable()):
        raise Invalid("the token has characters that no token has", remedy="mend HEADRACE_TOKEN")
    try:
        return Admin(http_url(chosen).rstrip("/"), secret)
    except Invalid as error:
        raise Invalid(
            f"the admin URL {error.what}", remedy="write one such as http://127.0.0.1:8081"
        ) from error


def in_path(part: str) -> str:
    """One segment of a path, whatever characters it has."""
    return quote(part, safe="")


def full_name(name: str) -> str:
    """`NAMESPACE/NAME` of a name with or without its namespace."""
    return name if "/" in name else f"default/{name}"


def path_of(kind: str, name: str, verb: str = "") -> str:
    """Where the admin listener has one of `kind`, such as triggers, or a verb on it."""
    namespace, _, own_name = full_name(name).partition("/")
    path = f"/{kind}/{in_path(namespace)}/{in_path(own_name)}"
    return f"{path}/{verb}" if verb else path


def printable(text: str) -> str:
    """`text` with everything escaped that could move a terminal's cursor or turn its lines."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1]
        for character in text
    )
