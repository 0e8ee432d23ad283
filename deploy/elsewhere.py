"""Endpoints that a command names, and no configuration: URLs for replays and redrives."""

from collections.abc import Callable
from dataclasses import replace

from broker.codec import Limits
from deploy.brokers import intake_options
from deploy.running import Running
from sinks.kinds import Supplies, make_sink
from sinks.spec import Egress, HttpSinkSpec
from sinks.target import Target
from triggers.enrolment import Endpoint
from triggers.trigger import TriggerSpec


class Elsewhere:
    """Gives the endpoint of a URL: a sink of its own, judged as not to be trusted.

    It reaches loopback, private and link-local addresses only where the broker's
    `egress.allow` names them, and the admin listener never. It signs nothing: the trigger's
    secret is its subscriber's.
    """

    def __init__(
        self,
        running: Running,
        supplies: Callable[[Limits], Supplies],
        chance: Callable[[], float],
    ) -> None:
        self._running = running
        self._supplies = supplies
        self._chance = chance

    def connect(self, trigger: TriggerSpec, url: str) -> Endpoint:
        """Raises Invalid for a URL that cannot be used; connects to nothing yet."""
        spec = self.spec(trigger.broker, url)
        if isinstance(trigger.sink, HttpSinkSpec):
            spec = replace(spec, format=trigger.sink.format)
        return self.endpoint(trigger.broker, spec)

    def spec(self, broker: str, url: str) -> HttpSinkSpec:
        found = self._running.configuration.brokers.get(broker)
        return HttpSinkSpec(url, egress=Egress() if found is None else found.egress)

    def endpoint(self, broker: str, spec: HttpSinkSpec) -> Endpoint:
        """`broker` bounds its replies. Raises Invalid."""
        found = self._running.configuration.brokers.get(broker)
        limits = Limits() if found is None else intake_options(found).limits
        sink = make_sink(spec, self._supplies(limits), trusted=False)
        return Endpoint(sink, Target(sink.name, self._chance))
