"""Reading a subscriber's URL strictly, when it is configured and again when it is used."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from broker.errors import Invalid

URL_CHARACTERS_MAX = 8_192
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOT_IN_URLS = re.compile(r"[^\x21-\x7e]|[\\\"<>^`{|}]")
_HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9_.~-]+)?\]")
_SECRET_PARAMETERS = frozenset(
    ("access_token", "api_key", "apikey", "code", "key", "password", "sig", "signature", "token")
)
# Ports of line protocols that would take a POST for commands (mail, shells, caches).
REFUSED_PORTS = frozenset((7, 9, 19, 20, 21, 22, 23, 25, 53, 110, 119, 135, 139, 143)) | frozenset(
    (389, 445, 465, 514, 587, 636, 993, 995, 2049, 6379, 11211)
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a URL points. `target` is path and query; `authority` what the Host header says."""

    scheme: str
    host: str
    port: int
    target: str
    authority: str

    @property
    def tls(self) -> bool:
        return self.scheme == "https"


def parse_url(url: str) -> Endpoint:
    """Take an absolute http or https URL apart.

    Raises Invalid(code="invalid-url") for other schemes, user names, fragments, spaces,
    controls, non-ASCII, a missing host, and ports of other protocols.
    """
    if len(url) > URL_CHARACTERS_MAX:
        raise _invalid(f"is longer than {URL_CHARACTERS_MAX} characters", "shorten it")
    if found := _NOT_IN_URLS.search(url):
        raise _invalid(f"holds the character {found.group()!a}", "percent-encode it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _invalid(f"cannot be read ({error})", "write http://host:port/path") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise _invalid(f"has the scheme {parts.scheme!r}", "use http or https")
    if "@" in parts.netloc:
        raise _invalid("carries a user name", "take the credentials out of the URL")
    if "#" in url:
        raise _invalid("has a fragment", "remove what follows the #")
    return _endpoint(parts.scheme, parts.netloc, port, urlunsplit(("", "", *parts[2:4], "")))


def _endpoint(scheme: str, netloc: str, port: int | None, target: str) -> Endpoint:
    host = netloc[: netloc.index("]") + 1] if "]" in netloc else netloc.partition(":")[0]
    rest = netloc[len(host) :]
    if not _HOST.fullmatch(host) or (rest and not re.fullmatch(r":[0-9]{1,5}", rest)):
        raise _invalid("has no readable host and port", "write http://host:port/path")
    number = _DEFAULT_PORTS[scheme] if port is None else port
    if number == 0 or number in REFUSED_PORTS:
        raise _invalid(f"names port {number}, which other protocols use", "choose another port")
    authority = host.lower() if number == _DEFAULT_PORTS[scheme] else f"{host.lower()}:{number}"
    bare = host.strip("[]").replace("%25", "%").lower()
    path = target if target.startswith("/") else f"/{target}"
    return Endpoint(scheme, bare, number, path, authority)


def redacted(url: str) -> str:
    """The URL as operators may see it: no user name, no values of secret parameters."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    query = parts.query
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(name.lower() in _SECRET_PARAMETERS for name, _ in pairs):
        shown = [(n, "***" if n.lower() in _SECRET_PARAMETERS else v) for n, v in pairs]
        query = urlencode(shown, safe="*", quote_via=quote)
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))


def _invalid(what: str, remedy: str) -> Invalid:
    # The URL itself stays out of the text: it may hold a credential.
    return Invalid(f"the URL {what}", code="invalid-url", remedy=remedy)
