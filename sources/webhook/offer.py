"""One event on its way to the broker, and what its sender hears of it."""

from broker.clock import Clock
from broker.errors import DuplicateDiffers, HeadraceError, InvalidBatch, Unavailable
from broker.event import Event
from broker.http_message import Answer, Respond
from broker.problem import problem_of
from sources.refused import refused_instead
from sources.source import Outlet
from sources.spec import SourceSpec
from sources.webhook.reception import Reception

STORED = Answer(202)
STORED_BEFORE = Answer(202, [(b"headrace-duplicate", b"true")])


class Offer:
    """`make` it once; `respond` is called after the commit, or with the refusal."""

    __slots__ = ("_clock", "_outlet", "_reception", "_respond", "_spec")

    def __init__(
        self, spec: SourceSpec, clock: Clock, outlet: Outlet, reception: Reception, respond: Respond
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._outlet = outlet
        self._reception = reception
        self._respond = respond

    def make(self, event: Event) -> None:
        def done(error: HeadraceError | None, is_repeat: bool) -> None:
            error = only_error(error)
            if isinstance(error, DuplicateDiffers):
                self._replace(event, error)
            else:
                self._answer(error, is_repeat)

        self._outlet.offer((event,), done)

    def _replace(self, event: Event, differs: DuplicateDiffers) -> None:
        """The first body of an id counts, and an event tells that there was another.

        A refusal would make the sender repeat for days what can never be stored: some count
        their tries within the body.
        """
        self._reception.refuse(differs)

        def done(error: HeadraceError | None, is_repeat: bool) -> None:
            was_told = isinstance(error, DuplicateDiffers)  # of a third body
            self._answer(None if was_told else error, True)

        told = refused_instead(self._spec, event, differs, self._clock.now())
        self._outlet.offer((told,), done)

    def _answer(self, error: HeadraceError | None, is_repeat: bool) -> None:
        if error is not None:
            if not isinstance(error, Unavailable):  # the sender is at fault, and may be told
                self._reception.refuse(error)
            self._respond(problem_of(error))
            return
        self._reception.take(is_repeat)
        self._respond(STORED_BEFORE if is_repeat else STORED)


def only_error(error: HeadraceError | None) -> HeadraceError | None:
    """What is wrong with the one event that was offered."""
    if isinstance(error, InvalidBatch) and len(error.entries) == 1:
        return error.entries[0][1]
    return error
