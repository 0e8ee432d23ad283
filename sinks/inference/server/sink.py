"""A model server as a sink: its variants, and the batches that go to them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from broker.clock import Clock
from broker.codec import Limits
from broker.delivery import Delivery, Outcome
from broker.errors import Unavailable
from sinks.addresses import EgressPolicy
from sinks.http_client import HttpClient
from sinks.http_pool import ClientLimits, Pool
from sinks.http_url import Endpoint
from sinks.inference.server.caller import Caller
from sinks.inference.server.http_caller import HttpCaller
from sinks.inference.server.keep_warm import keep_warm
from sinks.inference.server.split import Split
from sinks.inference.server.tls import ModelCertificates
from sinks.inference.server.variant import Variant
from sinks.inference_spec import InferenceSinkSpec
from sinks.spec import Egress
from sinks.target_model import ModelTarget
from sinks.trying import Tried

CallerOf = Callable[[InferenceSinkSpec], Caller]


class ModelServerSink:
    """Made without I/O; raises Invalid for a spec that cannot be meant.

    `own_target` is what all who use it share. `caller_of` gives how the spec of a variant is
    called; without it that is HTTP, by connections of this sink's own. `broker_of` gives the
    broker (namespace/name) of a trigger, for the source of replies.
    """

    def __init__(
        self,
        spec: InferenceSinkSpec,
        clock: Clock,
        *,
        chance: Callable[[], float],
        broker_of: Callable[[str], str] = lambda _trigger: "default",
        limits: Limits | None = None,
        policy: EgressPolicy | None = None,
        caller_of: CallerOf | None = None,
    ) -> None:
        self.name = f"InferenceSink {spec.name}"
        self.own_target = ModelTarget(self.name, spec, chance)
        self.spec = spec
        self._clock = clock
        self._client: HttpClient | None = None
        self._warming: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        if caller_of is None:
            caller_of = self._http(chance, policy or EgressPolicy(Egress()))
        self.weights: Mapping[str, int] = {one.name: one.weight for one in spec.variants}
        self._split = Split(spec.name, spec.variants, spec.split_key)
        specs = {variant.name: spec.of_variant(variant) for variant in spec.variants}
        self.variants: Mapping[str, Variant] = {
            name: Variant(
                name, one, caller_of(one), self.own_target, clock, broker_of, limits or Limits()
            )
            for name, one in (specs or {"": spec}).items()
        }

    @property
    def batch_limit(self) -> int:
        """Deliveries of one call now: what was learned; one where the model has to be tried."""
        if self.own_target.is_trying:
            return 1
        return max(variant.batch.value for variant in self.variants.values())

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Events go by these from now on, those that wait too; each variant has one."""
        weighted = [one._replace(weight=weights[one.name]) for one in self.spec.variants]
        self._split = Split(self.spec.name, weighted, self.spec.split_key)
        self.own_target.weigh(weights)
        self.weights = dict(weights)

    async def open(self) -> None:
        """Begin to ask once what the models take, and `keepWarm`; neither is waited for.

        One that is said to sleep (`assumeAsleepAfter`) is not asked: that would wake it.
        """
        if self.spec.hold.assume_asleep_after_seconds is None and self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())
        expression = self.spec.hold.keep_warm
        if expression is not None and self._warming is None:
            warming = keep_warm(expression, self._clock, self.probe)
            self._warming = asyncio.get_running_loop().create_task(warming)

    async def _look(self) -> None:
        await asyncio.gather(*(variant.questions.look() for variant in self.variants.values()))

    async def deliver(self, deliveries: Sequence[Delivery], deadline: float) -> Sequence[Outcome]:
        """To each variant its share, side by side; one outcome each, in order."""
        return await self.carry(deliveries, deadline, self.variants)

    async def carry(
        self, deliveries: Sequence[Delivery], deadline: float, variants: Mapping[str, Variant]
    ) -> Sequence[Outcome]:
        """`deliver` by these variants, which are ours, or ours in another form."""
        self.own_target.arrived()
        shares: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            shares.setdefault(self._split.variant_of(delivery), []).append(delivery)
        found = await asyncio.gather(
            *(variants[name].carry(share, deadline) for name, share in shares.items())
        )
        outcomes = {
            id(delivery): outcome
            for share, carried in zip(shares.values(), found, strict=True)
            for delivery, outcome in zip(share, carried, strict=True)
        }
        return [outcomes[id(delivery)] for delivery in deliveries]

    async def probe(self) -> None:
        """Ask every variant whether it is there; raises Unavailable naming those that are not."""
        away: list[str] = []
        for variant in self.variants.values():
            try:
                await variant.questions.probe()
            except Unavailable as error:
                away.append(f"{variant.name}: {error.what}" if variant.name else error.what)
        if away:
            remedy = "start the server, or look at its logs"
            raise Unavailable("; ".join(away), where=self.name, remedy=remedy)

    async def check(self) -> str:
        """What is there, in words. Raises Unavailable, and Invalid where `input` does not fit."""
        found = [(name, await variant.questions.check()) for name, variant in self.variants.items()]
        return "; ".join(f"{name}: {said}" if name else said for name, said in found)

    async def try_one(
        self, delivery: Delivery, deadline: float, variant: str | None = None
    ) -> Tried:
        """One request to be looked at, to the variant that is named, or that it would go to."""
        name = self._split.variant_of(delivery) if variant is None else variant
        tried = await self.variants[name].try_one(delivery, deadline)
        return replace(tried, variant=name or None)

    async def close(self) -> None:
        """End what `open` began, and close its connections; `open` may follow."""
        tasks = [one for one in (self._warming, self._looking) if one is not None]
        self._warming = self._looking = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for variant in self.variants.values():
            await variant.close()
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _http(self, chance: Callable[[], float], policy: EgressPolicy) -> CallerOf:
        def pool_of(endpoint: Endpoint) -> Pool:
            self._client = self._client or self._make_client()
            return self._client.pool(endpoint, policy)

        return lambda one: HttpCaller(one, pool_of, self._clock, chance)

    def _make_client(self) -> HttpClient:
        spec = self.spec
        connections = spec.limits.max_connections or spec.max_in_flight + 2  # probes, tokens
        limits = ClientLimits(
            connections_max=connections, connect_seconds=spec.timeouts.connect_seconds
        )
        return HttpClient(self._clock, limits, certificates=ModelCertificates(spec.tls))
