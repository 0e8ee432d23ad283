"""URLs of the configuration, parsed strictly: what two programs could read differently is refused.

Messages never quote the URL, which may carry a secret in its path or query.
"""

import ipaddress
import re
from pathlib import Path
from urllib.parse import quote, unquote

from broker.errors import Invalid
from deploy.config.mistakes import InvalidValue
from sinks.http_url import parse_url

URL_CHARACTERS_MAX = 8_000
# RFC 3986 2: everything else must be percent-encoded; a lone % is an encoding cut short.
_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
# RFC 3986 appendix B, as far as a URL with an authority goes.
_PARTS = re.compile(r"(?P<scheme>[^:/?#]+)://(?P<authority>[^/?#]*)")
_HOST = re.compile(r"(?=.{1,253}\.?\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?)+")
SECRET_PARAMETERS = re.compile(
    r"(?:^|&)(?:access_token|api_?key|key|sig|signature|token|secret|password)=", re.IGNORECASE
)


def http_url(text: str) -> str:
    """`text` itself, if it is an absolute http or https URL that can be called as it stands."""
    _refuse_odd_text(text)
    parts = _PARTS.match(text)
    if parts is None or parts["scheme"].lower() not in {"http", "https"}:
        raise InvalidValue(
            "is no http or https URL", remedy="write an absolute URL such as http://host:8080/path"
        )
    _refuse_secrets(parts["authority"])
    if "#" in text:
        raise InvalidValue(
            "has a fragment, which is never sent", remedy="remove # and what follows"
        )
    _refuse_odd_host(parts["authority"])
    _refuse_what_sinks_refuse(text)
    return text


def _refuse_odd_text(text: str) -> None:
    if len(text) > URL_CHARACTERS_MAX:
        raise InvalidValue(f"is over {URL_CHARACTERS_MAX} characters", remedy="shorten it")
    if not _CHARACTERS.fullmatch(text):
        raise InvalidValue(
            "has a character that no URL may have",
            remedy="percent-encode it (a space is %20); write host names in ASCII (xn--…)",
        )


def _refuse_secrets(authority: str) -> None:
    if "@" in authority:
        raise InvalidValue(
            "carries a user or password",
            remedy="remove it: sign deliveries with delivery.signing, or keep a token out of the "
            "file with ${env:NAME} in the query",
        )


def _refuse_odd_host(authority: str) -> None:
    host, port = _split_port(authority)
    if not _is_host(host):
        raise InvalidValue("has no valid host", remedy="write it as http://host:8080/path")
    if port is not None and not (port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= 65_535):
        raise InvalidValue("has no valid port", remedy="write a port from 1 to 65535, or none")


def _refuse_what_sinks_refuse(text: str) -> None:
    """So that nothing passes here which ends the process when it starts, such as port 25."""
    try:
        parse_url(text)
    except Invalid as error:
        raise InvalidValue(error.what.removeprefix("the URL "), remedy=error.remedy) from error


def _split_port(authority: str) -> tuple[str, str | None]:
    if authority.startswith("["):
        host, bracket, rest = authority.partition("]")
        return host + bracket, rest[1:] if rest.startswith(":") else (None if not rest else "?")
    host, colon, port = authority.partition(":")
    return host, port if colon else None


def _is_host(host: str) -> bool:
    if host.startswith("[") and host.endswith("]"):
        try:
            return ipaddress.IPv6Address(host[1:-1]).scope_id is None
        except ValueError:
            return False
    return bool(_HOST.fullmatch(host))


def file_url(text: str, folder: Path) -> str:
    """`file:/absolute/path` of a `file:` URL; a relative path counts from `folder`."""
    scheme, _, rest = text.partition(":")
    if scheme.lower() != "file" or not rest:
        raise InvalidValue(
            "is no file: URL", remedy="write file:models/iris.onnx or file:///models/iris.onnx"
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise InvalidValue("has a control character", remedy="remove it")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host not in {"", "localhost"}:
            raise InvalidValue(
                "names a host", remedy="write three slashes: file:///models/iris.onnx"
            )
        rest = slash + path
    return f"file:{quote(str((folder / unquote(rest)).absolute()))}"
