"""The delivery client: pooled keep-alive connections, POST only, one deadline for all.

It follows no redirect, reads no proxy variable, asks for no compression, keeps no cookie.
"""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary

from broker.clock import Clock
from sinks.addresses import EgressPolicy
from sinks.http_dial import Certificates, Dialer, Resolve, resolve
from sinks.http_pool import ClientLimits, Pool
from sinks.http_url import Endpoint

TICK_SECONDS = 0.05


class HttpClient:
    """One per process. Take the `pool` of each subscriber and post through it."""

    def __init__(
        self,
        clock: Clock,
        limits: ClientLimits | None = None,
        *,
        ca_file: str | None = None,
        certificates: Certificates | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._clock = clock
        self._limits = limits or ClientLimits()
        self._certificates = certificates or Certificates(ca_file)
        self._resolve = resolve
        # Live connections hold their pool; one that nobody uses any more goes by itself.
        self._pools: WeakValueDictionary[Hashable, Pool] = WeakValueDictionary()
        self._timer: asyncio.TimerHandle | None = None

    def pool(self, endpoint: Endpoint, policy: EgressPolicy) -> Pool:
        """The pool of an origin. Policies share none: one's connection may be another's taboo."""
        key = (endpoint.scheme, endpoint.host, endpoint.port, policy.key)
        pool = self._pools.get(key)
        if pool is None:
            dialer = Dialer(
                endpoint, policy, self._certificates, self._clock, self._resolve,
                self._limits.connect_seconds,
            )  # fmt: skip
            pool = Pool(dialer.connect, self._wake, self._limits)
            self._pools[key] = pool
        return pool

    @property
    def certificates(self) -> Certificates:
        """What it verifies subscribers by."""
        return self._certificates

    async def close(self) -> None:
        """Close every connection; calls under way end without an answer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for pool in tuple(self._pools.values()):
            await pool.close()

    def _wake(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        idle_ticks_max = int(self._limits.idle_seconds / TICK_SECONDS)
        pools = tuple(self._pools.values())
        for pool in pools:
            pool.sweep(now, idle_ticks_max)
        if any(not pool.is_quiet for pool in pools):
            self._wake()
