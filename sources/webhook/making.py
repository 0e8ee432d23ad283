"""The event of a request: its template filled, its body as data. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from broker.codec import Limits, make_event
from broker.errors import Invalid, InvalidEvent
from broker.event import Event
from sources.webhook.options import EventTemplate, Style
from sources.webhook.reading import Reading
from sources.webhook.template import Find, Place, Template

# Where the senders of each style say which of their events it is, the same in each retry.
STYLE_IDS: Mapping[Style | None, tuple[str, ...]] = {
    "standardWebhooks": ("{{header:webhook-id}}",),
    "github": ("{{header:X-GitHub-Delivery}}",),
    "stripe": ("{{/id}}",),
}
# Of all others: what they may say, else the same body is the same event.
OTHER_IDS = ("{{header:webhook-id}}", "{{header:X-GitHub-Delivery}}", "{{body-hash}}")

_UNIX_TIME = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_MILLISECONDS_FROM = 10**11  # as seconds that is in the year 5138
_IN_A_URI = "/:?#[]@!$&'()*+,;=~%"


class EventMaker:
    """Makes events by `template`; `style` is how the sender proves itself, None: not at all.

    Raises Invalid(code="invalid-template"), its `where` the template's field.
    """

    def __init__(self, template: EventTemplate, style: Style | None = None) -> None:
        self._type = compiled("type", template.type)
        self._source = compiled("source", template.source)
        ids = STYLE_IDS.get(style, OTHER_IDS) if template.id is None else (template.id,)
        self._ids = tuple(compiled("id", text) for text in ids)
        optional = {"subject": template.subject, "time": template.time}
        self._optional = {
            name: compiled(name, text) for name, text in optional.items() if text is not None
        }
        for name, text in template.extensions.items():
            self._optional[name] = compiled(f"extensions.{name}", text)

    def event_of(self, reading: Reading, limits: Limits) -> Event:
        """The event of one request. Raises InvalidEvent; by name where a place is missing."""
        content_type = reading.content_type
        attributes = self._attributes(reading.find)
        if content_type is not None:
            attributes["datacontenttype"] = content_type
        # As in binary mode: an empty body is data only where a content-type says so.
        data = None if content_type is None and not reading.body else reading.body
        return make_event(attributes, data, limits)

    def try_out(self) -> None:
        """Raise InvalidEvent where no request at all could make an event by these texts."""
        attributes = self._attributes(lambda place: "1")
        time = self._optional.get("time")
        if time is not None and time.places:
            del attributes["time"]  # what comes may be a time, `1` with text around is none
        make_event(attributes, None)

    def _attributes(self, find: Find) -> dict[str, str]:
        attributes = {
            "specversion": "1.0",
            "id": self._id(find),
            "source": needed("source", self._source.fill(find, _in_a_uri)),
            "type": needed("type", self._type.fill(find)),
        }
        for name, template in self._optional.items():
            value = template.fill(find)
            if isinstance(value, str):
                attributes[name] = time_of(value) if name == "time" else value
        return attributes

    def _id(self, find: Find) -> str:
        for template in self._ids[:-1]:
            found = template.fill(find)
            if isinstance(found, str):
                return found
        return needed("id", self._ids[-1].fill(find))


def compiled(field: str, text: str) -> Template:
    try:
        return Template(text)
    except Invalid as error:
        error.where = field
        raise


def needed(attribute: str, filled: str | Place) -> str:
    """A required attribute's value. Raises InvalidEvent naming the place that has none."""
    if isinstance(filled, str):
        return filled
    raise InvalidEvent(
        f"{filled} is missing, empty or no short text, and {attribute} is made of it",
        code="missing-value",
        where=attribute,
        remedy="send it, or change the source's template",
    )


def time_of(text: str) -> str:
    """Unix seconds or milliseconds as RFC 3339; any other text as it is."""
    if _UNIX_TIME.fullmatch(text) is None:
        return text
    number = float(text)
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):  # beyond the year 9999
        return text


def _in_a_uri(value: str) -> str:
    """`value` with all that no URI may hold percent-encoded; what is encoded already stays."""
    return quote(value, safe=_IN_A_URI)
