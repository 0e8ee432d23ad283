"""Endpoints that a command names, and no configuration: URLs for replays to another sink."""

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
        broker = self._running.configuration.brokers.get(trigger.broker)
        egress, limits = Egress(), Limits()
        if broker is not None:
            egress, limits = broker.egress, intake_options(broker).limits
        spec = HttpSinkSpec(url, egress=egress)
        if isinstance(trigger.sink, HttpSinkSpec):
            spec = replace(spec, format=trigger.sink.format)
        sink = make_sink(spec, self._supplies(limits), trusted=False)
        return Endpoint(sink, Target(sink.name, self._chance))
