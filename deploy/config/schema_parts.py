"""What the schemas of all kinds are made of: the types of their fields."""

import ipaddress
import re
from typing import Annotated, Any

from deploy.config.mistakes import InvalidValue
from deploy.config.quantities import duration_seconds, rate_per_second, size_bytes
from deploy.config.shapes import Bounds, Judge, Read, Shape

_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
_HOST_OR_SUFFIX = re.compile(r"\.?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?)+", re.ASCII)


def _dns_label(text: str) -> str:
    if not _DNS_LABEL.fullmatch(text):
        raise InvalidValue(
            "is no DNS label",
            remedy="write a-z, 0-9 and - (at most 63), no - at either end",
        )
    return text


def attribute_name(text: str) -> str:
    if not _ATTRIBUTE.fullmatch(text):
        raise InvalidValue(
            "is no attribute name",
            remedy="write lower-case letters and digits, as CloudEvents has it",
        )
    return text


def _not_empty(text: str) -> str:
    if not text:
        raise InvalidValue("is empty", remedy="write a text, or remove the key")
    return text


def _positive(seconds: float) -> float:
    if seconds <= 0:
        raise InvalidValue("is no time at all", remedy="write a duration above PT0S")
    return seconds


def _network_or_name(text: str) -> str:
    name = text.lower()
    if name.replace(".", "").replace("/", "").isdecimal() or ":" in name:
        try:
            return str(ipaddress.ip_network(name))
        except ValueError as error:
            raise InvalidValue(
                "is no network", remedy="write one without host bits, such as 10.0.0.0/8"
            ) from error
    if not _HOST_OR_SUFFIX.fullmatch(name):
        raise InvalidValue(
            "is neither a host name, a suffix nor a network",
            remedy="write example.com, .example.com or 10.0.0.0/8",
        )
    return name


Name = Annotated[str, Judge(_dns_label)]
AttributeName = Annotated[str, Judge(attribute_name)]
Text = Annotated[str, Judge(_not_empty)]
Seconds = Annotated[float, Read(duration_seconds)]
PositiveSeconds = Annotated[float, Read(duration_seconds), Judge(_positive)]
Size = Annotated[int, Read(size_bytes)]
NetworkOrName = Annotated[str, Judge(_network_or_name)]


def _rate_or_none(value: Any) -> float | None:
    return None if value is None else rate_per_second(value)


Rate = Annotated[float | None, Read(_rate_or_none)]


class Metadata(Shape):
    name: Name
    namespace: Name = "default"


class Resource(Shape):
    """What every document has; the kind's own model adds `spec`."""

    api_version: str
    kind: str
    metadata: Metadata


Count = Annotated[int, Bounds(1, 1_000_000)]
