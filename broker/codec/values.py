"""The rules for names and values: CloudEvents 1.0 "Type System", RFC 3339, 3986 and 2045.

All patterns are possessive where they repeat, so that no value costs more than its length.
"""

import re

# What a header carries as it is (CloudEvents HTTP binding 3.1.3.2): all printable ASCII but
# space, double quote and percent. Nearly every value is of this kind; it needs no other check
# of its characters and no encoding.
PLAIN = re.compile(r"[!#$&-~]*+")
PLAIN_BYTES = bytes(byte for byte in range(0x21, 0x7F) if byte not in b'"%')
NAME = re.compile(r"[a-z0-9]++")

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17)
)
FORBIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")

_TIME = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]++)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
# Of the same shape, and of a day that its month has every year: no calendar is needed.
_simple_time = re.compile(
    r"[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]++)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
).fullmatch
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_MINUTES = 1440

_ESCAPED = "%[0-9A-Fa-f]{2}"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.\-]*+:"
_AUTHORITY = (
    rf"(?:(?:[\w\-.~!$&'()*+,;=:]++|{_ESCAPED})*+@)?+"
    rf"(?:\[(?:[0-9A-Fa-f:.]++|[vV][0-9A-Fa-f]++\.[\w\-.~!$&'()*+,;=:]++)\]"
    rf"|(?:[\w\-.~!$&'()*+,;=]++|{_ESCAPED})*+)(?::[0-9]*+)?"
)
_PATH = rf"(?:[\w\-.~!$&'()*+,;=:@/]++|{_ESCAPED})*+"
_QUERY = rf"(?:[\w\-.~!$&'()*+,;=:@/?]++|{_ESCAPED})*+"
# A path may begin with two slashes only behind an authority (RFC 3986 3.3).
_HIERARCHY = rf"(?://{_AUTHORITY}(?=[/?#]|\Z)|(?!//)){_PATH}(?:\?{_QUERY})?(?:#{_QUERY})?"
_URI = re.compile(_SCHEME + _HIERARCHY, re.ASCII)
# Without a scheme the first segment holds no colon (RFC 3986 4.2).
_URI_REFERENCE = re.compile(rf"(?:{_SCHEME}|(?![^:/?#]*+:)){_HIERARCHY}", re.ASCII)
_SIMPLE_REFERENCE = re.compile(r"(?:[a-z][a-z0-9+.\-]*+:)?+[A-Za-z0-9\-._~/]++")

_MEDIA_TYPE = re.compile(
    r"[\w!#$%&'*+\-.^`|~]++/[\w!#$%&'*+\-.^`|~]++(?: *;(?:[ -~]*[!-~])?)?", re.A
)
_CHARSET = re.compile(r'; *charset *= *"?([^"; ]*)', re.IGNORECASE)


def is_time(text: str) -> bool:
    """Whether `text` is an RFC 3339 timestamp of a day that exists."""
    if _simple_time(text) is not None:
        return True
    if _TIME.fullmatch(text) is None or not _is_day(text):
        return False
    return text[17:19] != "60" or _is_leap_second(text)


def _is_day(text: str) -> bool:
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    if month == 2 and day == 29:
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= _MONTH_DAYS[month - 1]


def _is_leap_second(text: str) -> bool:
    # Second 60 exists only at the end of a UTC day (RFC 3339 5.7).
    minutes = int(text[11:13]) * 60 + int(text[14:16])
    if text[-1] not in "Zz":
        offset = int(text[-5:-3]) * 60 + int(text[-2:])
        minutes -= offset if text[-6] == "+" else -offset
    return minutes % _DAY_MINUTES == _DAY_MINUTES - 1


def is_uri_reference(text: str) -> bool:
    """Whether `text` is a URI-reference (RFC 3986 4.1), which has ASCII only."""
    return (
        _SIMPLE_REFERENCE.fullmatch(text) is not None or _URI_REFERENCE.fullmatch(text) is not None
    )


def is_absolute_uri(text: str) -> bool:
    """Whether `text` is a URI with its scheme.

    Laxer than RFC 3986 4.3, which CloudEvents names: a fragment passes, because schemas are
    addressed by fragments (`…/schema.json#/$defs/flower`) and dropping one changes the schema.
    """
    return _URI.fullmatch(text) is not None


def is_media_type(text: str) -> bool:
    """Whether `text` is type/subtype, perhaps with parameters, fit to stand in a header."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def is_data_type(content_type: str) -> bool:
    """Whether `content_type` is a media type that the data of an event may have.

    Data of `application/cloudevents…`, delivered in binary mode, would be read as an event of
    another source: a forgery.
    """
    return is_media_type(content_type) and not content_type.lower().startswith(
        "application/cloudevents"
    )


def is_json_type(content_type: str) -> bool:
    """Whether the media type declares JSON: `*/json` or `*/*+json` (JSON format 3.1.1)."""
    if content_type == "application/json":
        return True
    subtype = content_type.partition(";")[0].rstrip().lower().partition("/")[2]
    return subtype == "json" or subtype.endswith("+json")


def charset(content_type: str) -> str:
    """The declared charset in lower case, `utf-8` where none is."""
    declared = _CHARSET.search(content_type)
    return declared.group(1).lower() if declared else "utf-8"
