"""From a part of a model server's answer to the outcome of its delivery: a reply, or why not."""

from collections.abc import Callable, Mapping
from datetime import datetime

from broker.codec import Limits, with_attributes
from broker.delivery import Delivered, Delivery, Failed, Outcome, OutcomeClass, Reason
from broker.errors import Invalid, TooLarge
from sinks.inference.output import output_of
from sinks.inference.overflow import Large, Overflow
from sinks.inference.protocol import Part
from sinks.inference.protocols.encoding import EventView
from sinks.inference.reply import ReplyWriter, model_name, reply_id
from sinks.inference_spec import InferenceSinkSpec


class Replies:
    """Made for one variant of a sink (`variant` None: it has none).

    Raises Invalid for an `output` or a template that cannot be meant.
    """

    def __init__(
        self,
        spec: InferenceSinkSpec,
        broker_of: Callable[[str], str],
        limits: Limits,
        variant: str | None = None,
    ) -> None:
        self._writer = ReplyWriter(spec, model_name(spec), broker_of, limits, variant)
        self._output = output_of(spec)
        self._fail_on = frozenset(spec.reply.fail_on)

    @property
    def overflow(self) -> Overflow | None:
        """Where it stores what `outcome` gave as Large."""
        return self._writer.overflow

    def attributes(self, delivery: Delivery) -> Mapping[str, str]:
        """What is known of a reply before the call.

        Raises Invalid where a template finds nothing in this event: better now than paid for.
        """
        data = EventView(delivery.event).for_templates if self._writer.reads_data else None
        return self._writer.attributes(delivery, data)

    def outcome(
        self,
        delivery: Delivery,
        attributes: Mapping[str, str],
        part: Part,
        now: datetime,
        call_seconds: float,
        status: int | None = None,
    ) -> Outcome | Large:
        """Delivered, with the reply if there is one; or why the answer cannot be one.

        What is Large counts only when the caller has stored its data.
        """
        finish = part.facts.get("inferencefinish", "")
        if self._fail_on & set(finish.split(",")):
            message = f"the model ended with {finish}, which reply.failOn refuses"
            return _bad_input(message, Reason.BAD_INPUT, status)
        if self._writer.is_none or part.is_empty:
            return Delivered(None, status)
        try:
            if part.event is not None:
                named = {"id": reply_id(delivery), "origid": part.event.id}
                # Under our id, so that a redelivery's reply is its duplicate: theirs is random.
                renamed = with_attributes(part.event, named)
                return self._writer.referring(delivery, renamed, status)
            data = self._output.data(part.value, delivery.event.data or b"", part.raw)
            answered = {**attributes, **part.facts}
            if part.raw is not None and self._output.keeps_bytes:
                answered["datacontenttype"] = part.content_type
            return self._writer.reply(delivery, answered, data, now, call_seconds, status)
        except TooLarge as error:
            return _bad_input(str(error), Reason.TOO_LARGE, status)
        except Invalid as error:
            message = f"the answer makes no reply: {error}"
            return Failed(OutcomeClass.SUSPECT, message, status)


def _bad_input(message: str, reason: Reason, status: int | None) -> Failed:
    return Failed(OutcomeClass.BAD_INPUT, message, status, reason=reason)
