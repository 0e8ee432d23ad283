"""The head of a request to a model server. Pure."""

from collections.abc import Iterable

from sinks.http_url import Endpoint
from sinks.inference.protocol import Headers


def request_head(
    method: str, endpoint: Endpoint, path: str, headers: Headers, body_bytes: int | None
) -> bytes:
    """The lines up to the blank one; `path` is below that of the endpoint.

    `headers` are of printable ASCII, and may name a host of their own.
    """
    given = dict(headers)
    host = given.pop("host", endpoint.authority)
    lines = [
        f"{method} {target_below(endpoint, path)} HTTP/1.1",
        f"host: {host}",
        "user-agent: headrace",
        "accept-encoding: identity",
        *_lines(given.items()),
    ]
    if body_bytes is not None:
        lines.append(f"content-length: {body_bytes}")
    return "\r\n".join((*lines, "\r\n")).encode("latin-1")


def target_below(endpoint: Endpoint, path: str) -> str:
    """The request target of `path` below the endpoint's; the endpoint's query stays."""
    base, mark, query = endpoint.target.partition("?")
    below = f"{base.rstrip('/')}{path}" if path else base
    return f"{below}{mark}{query}"


def _lines(headers: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (f"{name}: {value}" for name, value in headers)
