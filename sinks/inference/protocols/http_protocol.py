"""What all HTTP protocols share: paths, headers, replies that are events, and judging answers."""

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from broker.codec import Limits
from broker.delivery import Delivery
from broker.errors import Invalid
from sinks.inference.classes.judging import Judge
from sinks.inference.classes.no_answer import judge_no_answer
from sinks.inference.event_answer import answered_event
from sinks.inference.protocol import Headers, Item, ModelAnswer, ModelRequest, Part, Refusal
from sinks.inference.protocols.encoding import BadAnswer, BrokenAnswer, Content, Encoding, EventView
from sinks.inference.template import Template
from sinks.inference_spec import InferenceSinkSpec

CONFIGURED = frozenset({"model", "version"})


class HttpProtocol:
    """An InferenceProtocol of an encoding. `now` dates answers; replies are within `limits`.

    Raises Invalid for a template that cannot be meant.
    """

    def __init__(
        self,
        spec: InferenceSinkSpec,
        encoding: Encoding,
        judge: Judge,
        now: Callable[[], datetime],
        limits: Limits,
    ) -> None:
        self._encoding = encoding
        self._judge = judge
        self._now = now
        self._limits = limits
        self._mode = spec.reply_mode
        self._is_resent = spec.is_resent
        self._is_openai = spec.protocol == "openai"
        self._configured = {"model": spec.model or "", "version": spec.version or ""}
        path = encoding.path if spec.path is None else spec.path
        self._path = Template(path, CONFIGURED, in_url=True)
        probes = encoding.probe_paths if spec.ready_path is None else (spec.ready_path,)
        self._probe_paths = tuple(
            Template(each, CONFIGURED, in_url=True).fill({}, None, self._configured)
            for each in probes
        )
        self._headers = [
            (name.lower(), Template(text, CONFIGURED)) for name, text in spec.headers.items()
        ]
        self.batch_limit = encoding.batch_limit

    def item(self, delivery: Delivery) -> Item:
        """The path and headers of its event are part of an item's key."""
        view = EventView(delivery.event)
        content = self._encoding.content(view)
        path = self._filled(self._path, view)
        headers = tuple(
            (name, _header_value(name, self._filled(text, view))) for name, text in self._headers
        )
        size_bytes = len(delivery.event.data or b"")
        key = (path, headers, content.key)
        return Item(delivery, (content, path, headers), content.records, size_bytes, key)

    def _filled(self, template: Template, view: EventView) -> str:
        data = view.for_templates if template.reads_data else None
        return template.fill(view.event.attributes, data, self._configured)

    def request(self, items: Sequence[Item]) -> ModelRequest:
        first: Content
        first, path, own = items[0].content
        alone = len(items) == 1
        name = items[0].delivery.event.id if alone else items[0].delivery.id
        contents = [first, *(item.content[0] for item in items[1:])]
        headers, body = self._encoding.encode(contents, name)
        return ModelRequest(path, _merged(headers, self._request_id(name), own), body)

    def _request_id(self, name: str) -> Headers:
        """KServe passes this one on, and no traceparent.

        llama-cpp-python takes a UUID and nothing else for one: an empty 400.
        """
        if self._is_openai and not _is_uuid(name):
            return ()
        return (("x-request-id", quote(name, safe="!#$&'()*+,/:;=?@[]~")),)

    def parts(self, items: Sequence[Item], answer: ModelAnswer) -> Sequence[Part] | Refusal:
        if not 200 <= answer.status < 300 or self._judge.has_rule(answer):
            return self._judge.judge(answer, len(items), self._now())
        # Without replies tokens still count, and how a text ended; of others there is no need.
        is_unread = self._mode == "none" and not self._is_openai
        if is_unread or answer.status == 204 or not answer.body:
            return [Part(None, is_empty=True)] * len(items)
        if self._mode in ("auto", "cloudevent") and len(items) == 1:
            event = answered_event(answer, self._limits)
            if event is not None:
                return [Part(None, event=event)]
        if self._mode == "cloudevent":
            return self._judge.suspect(answer, "the answer is no CloudEvent 1.0")
        try:
            return self._encoding.decode([item.content[0] for item in items], answer)
        except BrokenAnswer as error:
            return judge_no_answer(
                "read", was_sent=True, message=error.what, is_resent=self._is_resent
            )
        except BadAnswer as error:
            if self._mode == "none":
                return [Part(None, is_empty=True)] * len(items)
            return self._judge.suspect(answer, error.what)

    def probe_paths(self) -> Sequence[str]:
        return self._probe_paths


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _header_value(name: str, text: str) -> str:
    """RFC 9110 5.5, and no more: what is not printable could end the header and begin another."""
    if not text.isascii() or not text.isprintable():
        raise Invalid(
            f"the header {name} cannot have the value of this event",
            code="bad-header",
            where=f"spec.headers.{name}",
            remedy="fill it from an attribute of printable ASCII",
        )
    return text.strip()


def _merged(*groups: Headers) -> Headers:
    """The later ones win."""
    found: dict[str, str] = {}
    for group in groups:
        found.update(group)
    return tuple(found.items())
