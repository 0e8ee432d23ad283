"""S3Source: a bucket's objects as they come and go, seen by stream, webhook and listing."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from broker.errors import Invalid, Unavailable
from broker.http_message import Answer, BodyPlan, Request, Respond
from sources.s3.answers import NOT_IMPLEMENTED
from sources.s3.client import LIST, LIST_VERSIONS, BucketFacts, S3Client
from sources.s3.comparison import Comparison
from sources.s3.events import Origin
from sources.s3.listening import Listening
from sources.s3.listing import first_query, read_page
from sources.s3.options import S3Options
from sources.s3.receiving import Receiving
from sources.s3.reconciling import Reconciling
from sources.s3.teller import Teller
from sources.s3.wanted import Wanted
from sources.source import Outlet, SourceSupplies
from sources.spec import SourceSpec

CHECK_SECONDS_MAX = 15.0
NO_STREAM = (
    "the server has no stream of notifications: changes are found by the webhook, if there is one, "
    "and by the listing every reconcileInterval"
)


class S3Source:
    """Implements `sources.source.Source` and `Receiver` for one bucket."""

    def __init__(self, spec: SourceSpec, supplies: SourceSupplies) -> None:
        self._spec = spec
        self._supplies = supplies
        self._options: S3Options = spec.options
        self._wanted = Wanted(self._options)
        self._is_connected = False
        self._receiving = Receiving(self._options.webhook_token)
        self._is_begun = asyncio.Event()  # the stream is subscribed to, or there is none

    def head(self, request: Request) -> Answer | BodyPlan:
        return self._receiving.head(request)

    def receive(self, request: Request, respond: Respond) -> None:
        self._receiving.receive(request, respond)

    async def run(self, outlet: Outlet) -> None:
        """Listen first, list then: what happens in between comes by both ways."""
        async with S3Client(self._options, self._supplies.clock) as client:
            facts = await client.facts()
            teller = Teller(self._spec, outlet, self._supplies.clock, self._wanted)
            reconciling = self._reconciling(client, outlet, teller, facts)
            await together(
                self._listen(client, outlet, teller, reconciling),
                self._list(outlet, reconciling),
                self._receiving.run(teller),
            )

    async def check(self) -> str:
        try:
            async with (
                asyncio.timeout(CHECK_SECONDS_MAX),
                S3Client(self._options, self._supplies.clock) as client,
            ):
                return await self._found(client)
        except TimeoutError as error:
            raise Unavailable(
                f"the S3 server did not answer within {CHECK_SECONDS_MAX:g} s",
                where=self._options.endpoint,
                remedy="look at the server and the network",
            ) from error

    async def _found(self, client: S3Client) -> str:
        facts = await client.facts()
        query = {**first_query(self._options.prefix, "", facts.is_versioned), "max-keys": "1"}
        right = LIST_VERSIONS if facts.is_versioned else LIST
        read_page(await client.get(query, right), query)
        stream = await self._stream_found(client)
        kind = "versioned" if facts.is_versioned else "not versioned"
        return f"bucket {self._options.bucket} ({kind}) can be listed; {stream}"

    async def _stream_found(self, client: S3Client) -> str:
        if not self._options.is_listening:
            return "its stream of notifications is not asked for"
        try:
            async with client.listen():
                return "its stream of notifications is there"
        except Invalid as error:
            if error.code != NOT_IMPLEMENTED:
                raise
            return "the server has no stream of notifications"

    def _reconciling(
        self, client: S3Client, outlet: Outlet, teller: Teller, facts: BucketFacts
    ) -> Reconciling:
        clock = self._supplies.clock
        origin = Origin(facts.event_source, facts.region, self._options.bucket)
        comparison = Comparison(outlet, teller, origin, self._wanted, clock)
        return Reconciling(client, outlet, teller, comparison, self._options, self._supplies)

    async def _listen(
        self, client: S3Client, outlet: Outlet, teller: Teller, reconciling: Reconciling
    ) -> None:
        """Gives back where there is no stream."""

        def subscribed() -> None:
            self._connect(outlet, "listening")
            self._is_begun.set()

        if self._options.is_listening:
            clock = self._supplies.clock
            await Listening(client, teller, clock, reconciling.ask).run(subscribed)
            outlet.standing.notice(NO_STREAM)
        self._is_begun.set()

    async def _list(self, outlet: Outlet, reconciling: Reconciling) -> None:
        await self._is_begun.wait()
        await reconciling.run(lambda: self._connect(outlet, "listing"))

    def _connect(self, outlet: Outlet, how: str) -> None:
        """Say it once, the first time that the server has answered what is asked for ever."""
        if not self._is_connected:
            self._is_connected = True
            outlet.standing.connect(
                f"{how}: bucket {self._options.bucket} at {self._options.endpoint}"
            )


async def together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run `parts` until all have ended; the first failure ends the others and is raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
